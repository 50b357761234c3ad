import type { Generation } from '@loqui/sdk'
import { clsx } from 'clsx'
import { Ban, Check, CircleAlert, Clock3, Hourglass } from 'lucide-react'
import { stateLabels, waitLabels } from './search.ts'

interface StateBadgeProps {
  generation: Pick<Generation, 'state' | 'waitsFor'>
  hideLabel?: boolean
}

/** The state as a shape, a colour and a word; of what waits for its engine, that it does. */
export function StateBadge({ generation: { state, waitsFor }, hideLabel = false }: StateBadgeProps) {
  return (
    <span
      className={clsx(
        'flex items-center gap-1.5 text-xs font-medium whitespace-nowrap [&_svg]:size-3.5 [&_svg]:shrink-0',
        state === 'failed'
          ? 'text-danger-text'
          : waitsFor !== null
            ? 'text-warning-text'
            : state === 'queued' || state === 'canceled'
              ? 'text-subtle'
              : 'text-accent-text',
      )}
    >
      {state === 'queued' && <Clock3 aria-hidden />}
      {state === 'running' && (waitsFor === null ? <Speaking /> : <Hourglass aria-hidden />)}
      {state === 'succeeded' && <Check aria-hidden />}
      {state === 'failed' && <CircleAlert aria-hidden />}
      {state === 'canceled' && <Ban aria-hidden />}
      <span className={clsx(hideLabel && 'sr-only')}>
        {waitsFor === null ? stateLabels[state] : waitLabels[waitsFor]}
      </span>
    </span>
  )
}

/** Three bars that move while something is being spoken. */
function Speaking() {
  return (
    <span aria-hidden className="flex h-3.5 w-3.5 items-center justify-center gap-[2px]">
      {[0, 1, 2].map((bar) => (
        <span key={bar} className="speaking-bar h-full w-[2.5px] rounded-full bg-current" />
      ))}
    </span>
  )
}
