import { clsx } from 'clsx'
import { Ban, Check, CircleAlert, Clock3 } from 'lucide-react'
import { type GenerationState, stateLabels } from './search.ts'

/** The state as a shape, a colour and a word. */
export function StateBadge({ state, hideLabel = false }: { state: GenerationState; hideLabel?: boolean }) {
  return (
    <span
      className={clsx(
        'flex items-center gap-1.5 text-xs font-medium whitespace-nowrap [&_svg]:size-3.5 [&_svg]:shrink-0',
        state === 'failed'
          ? 'text-danger-text'
          : state === 'queued' || state === 'canceled'
            ? 'text-subtle'
            : 'text-accent-text',
      )}
    >
      {state === 'queued' && <Clock3 aria-hidden />}
      {state === 'running' && <Speaking />}
      {state === 'succeeded' && <Check aria-hidden />}
      {state === 'failed' && <CircleAlert aria-hidden />}
      {state === 'canceled' && <Ban aria-hidden />}
      <span className={clsx(hideLabel && 'sr-only')}>{stateLabels[state]}</span>
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
