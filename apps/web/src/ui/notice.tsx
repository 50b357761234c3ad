import { clsx } from 'clsx'
import { CircleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { sentenceOf } from '../errors.ts'
import { Button } from './button.tsx'

/** Something went wrong, in a sentence, and what to do about it. Announced when it appears. */
export function Alert({
  children,
  action,
  className,
}: {
  children: ReactNode
  action?: ReactNode
  className?: string
}) {
  return (
    <div
      role="alert"
      className={clsx('flex items-start gap-2.5 rounded-lg bg-danger-soft px-3 py-2.5 text-danger-text', className)}
    >
      <CircleAlert aria-hidden className="mt-[3px] size-4 shrink-0" />
      <div className="min-w-0 flex-1 self-center text-pretty">{children}</div>
      {action}
    </div>
  )
}

/** In the place of what could not be fetched. */
export function LoadError({ error, onRetry, pending }: { error: unknown; onRetry: () => void; pending: boolean }) {
  return (
    <Alert
      action={
        <Button size="sm" pending={pending} onClick={onRetry}>
          Try again
        </Button>
      }
    >
      {sentenceOf(error)}
    </Alert>
  )
}

/** In the place of a list with nothing in it. */
export function EmptyState({
  icon,
  title,
  children,
  action,
}: {
  icon: ReactNode
  title: string
  children: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center rounded-xl border border-dashed border-line-strong px-6 py-14 text-center">
      <div className="mb-4 grid size-11 place-items-center rounded-full bg-accent-soft text-accent-text [&_svg]:size-5">
        {icon}
      </div>
      <h2 className="text-lg font-semibold">{title}</h2>
      <p className="mt-1 max-w-sm text-pretty text-muted">{children}</p>
      {action && <div className="mt-5">{action}</div>}
    </div>
  )
}

/** Stands where something will be, as large as it will be. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={clsx('animate-pulse rounded-md bg-selected', className)} />
}
