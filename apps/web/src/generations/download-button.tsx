import type { GenerationSummary } from '@loqui/sdk'
import { clsx } from 'clsx'
import { ChevronDown, Download } from 'lucide-react'
import { buttonClass } from '../ui/button.tsx'
import { Menu, MenuLabel, MenuLink } from '../ui/menu.tsx'
import { audioUrl } from './audio-url.ts'
import { captionOptions, captionsUrl } from './captions.ts'
import { formatOptions, formats } from './formats.ts'

/** Downloads in the generation's own format at one press, in any other at two. */
export function DownloadButton({ generation: { id, format } }: { generation: GenerationSummary }) {
  return (
    <div className="flex">
      <a
        href={audioUrl(id, format, { download: true })}
        download
        title={`Download as ${formats[format].label}`}
        className={clsx(buttonClass({ size: 'sm' }), 'rounded-r-none')}
      >
        <Download aria-hidden />
        Download
      </a>
      <Menu
        trigger={
          <button
            type="button"
            aria-label="Other formats"
            className={clsx(buttonClass({ size: 'sm' }), '-ml-px rounded-l-none px-1.5')}
          >
            <ChevronDown aria-hidden />
          </button>
        }
      >
        <MenuLabel>Download as</MenuLabel>
        {formatOptions.map(({ value, label, detail }) => (
          <MenuLink key={value} href={audioUrl(id, value, { download: true })} download>
            <span className="w-10 font-medium">{label}</span>
            <span className="text-xs text-subtle">{detail}</span>
          </MenuLink>
        ))}
        <MenuLabel>Captions</MenuLabel>
        {captionOptions.map(({ value, label, detail }) => (
          <MenuLink key={value} href={captionsUrl(id, value)} download>
            <span className="w-10 font-medium">{label}</span>
            <span className="text-xs text-subtle">{detail}</span>
          </MenuLink>
        ))}
      </Menu>
    </div>
  )
}
