import { clsx } from 'clsx'
import { type ReactNode, useEffect } from 'react'

/** Names the page in the browser's tab and history. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Loqui`
  }, [title])
}

interface PageProps {
  title: string
  /** What the page is for, in a sentence. */
  lead?: string
  actions?: ReactNode
  children: ReactNode
  /** The measure: `narrow` for reading, `wide` for tables. */
  width?: 'narrow' | 'wide'
}

export function Page({ title, lead, actions, children, width = 'wide' }: PageProps) {
  useTitle(title)
  return (
    <div className="mx-auto w-full max-w-5xl px-4 pt-6 pb-12 sm:px-8 md:pt-9">
      <header className="mb-6 flex min-h-9 flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div>
          <h1 className="text-xl font-semibold tracking-[-0.01em]">{title}</h1>
          {lead && <p className="mt-1 text-muted">{lead}</p>}
        </div>
        {actions && <div className="flex items-center gap-2">{actions}</div>}
      </header>
      <div className={clsx(width === 'narrow' && 'max-w-2xl')}>{children}</div>
    </div>
  )
}
