import { Link, linkOptions } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { AudioLines, Gauge, KeyRound, Library, SpellCheck } from 'lucide-react'

const destinations = [
  { link: linkOptions({ to: '/', activeOptions: { exact: true } }), label: 'Speak', icon: AudioLines },
  { link: linkOptions({ to: '/generations' }), label: 'Generations', icon: Library },
  { link: linkOptions({ to: '/pronunciations' }), label: 'Pronunciations', icon: SpellCheck },
  { link: linkOptions({ to: '/keys' }), label: 'API keys', icon: KeyRound },
  { link: linkOptions({ to: '/usage' }), label: 'Usage', icon: Gauge },
]

/** On a phone there is room for one short word. */
const tabLabels: Readonly<Record<string, string>> = { Pronunciations: 'Words' }

export function Sidebar() {
  return (
    <nav aria-label="Studio">
      <ul className="flex flex-col gap-0.5">
        {destinations.map(({ link, label, icon: Icon }) => (
          <li key={label}>
            <Link
              {...link}
              className={clsx(
                'flex h-8 items-center gap-2.5 rounded-lg px-2 font-medium text-muted transition-colors duration-150',
                'hover:bg-hover hover:text-ink data-[status=active]:bg-selected data-[status=active]:text-ink',
                'data-[status=active]:[&_svg]:text-accent-text',
              )}
            >
              <Icon aria-hidden className="size-4 shrink-0" />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

export function TabBar() {
  return (
    <nav
      aria-label="Studio"
      className="fixed inset-x-0 bottom-0 z-30 border-t border-line bg-canvas pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      <ul className="grid h-14 grid-cols-5">
        {destinations.map(({ link, label, icon: Icon }) => (
          <li key={label} className="contents">
            <Link
              {...link}
              className={clsx(
                'flex flex-col items-center justify-center gap-0.5 text-2xs font-medium text-subtle focus-visible:-outline-offset-2',
                'data-[status=active]:text-accent-text',
              )}
            >
              <Icon aria-hidden className="size-5" />
              {tabLabels[label] ?? label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
