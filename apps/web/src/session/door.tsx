import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTitle } from '../shell/page.tsx'
import { Mark, Wordmark } from '../ui/logo.tsx'
import type { RedirectSearch } from './redirect.ts'

interface DoorProps {
  title: string
  lead: string
  children: ReactNode
  /** The other way in. */
  other: { question: string; to: '/login' | '/register'; label: string; search: RedirectSearch }
}

/** The frame of the pages before the studio. */
export function Door({ title, lead, children, other }: DoorProps) {
  useTitle(title)
  return (
    <div className="grid min-h-dvh md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)] md:p-2">
      <div className="flex flex-col px-6 py-6 sm:px-10 md:py-8">
        <header>
          <Wordmark />
        </header>
        <main
          id="main"
          tabIndex={-1}
          className="mx-auto flex w-full max-w-sm flex-1 flex-col justify-center py-10 outline-none"
        >
          <h1 className="text-2xl font-semibold tracking-[-0.015em]">{title}</h1>
          <p className="mt-1.5 text-muted">{lead}</p>
          <div className="mt-7">{children}</div>
          <p className="mt-6 text-sm text-muted">
            {other.question}{' '}
            <Link
              to={other.to}
              search={other.search}
              className="font-medium text-accent-text underline decoration-accent/40 underline-offset-3 hover:decoration-accent"
            >
              {other.label}
            </Link>
          </p>
        </main>
      </div>
      <Epigraph />
    </div>
  )
}

/** What Loqui is named after, seen as sound: Latin for “to speak”. */
function Epigraph() {
  return (
    <aside className="relative hidden overflow-hidden rounded-xl border border-line bg-surface md:flex md:flex-col md:justify-end">
      <Mark className="absolute top-[14%] left-[14%] w-[72%] text-accent opacity-90" />
      <p className="relative p-10 font-serif text-xl leading-snug text-ink">
        loqui <span className="text-muted">— to speak, to tell, to say aloud.</span>
      </p>
    </aside>
  )
}
