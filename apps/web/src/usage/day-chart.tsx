import type { UsageRow } from '@loqui/sdk'
import { clsx } from 'clsx'
import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import { formatCount, formatDay, formatLength } from '../format.ts'

interface DayChartProps {
  /** One for each day, in order. */
  days: readonly UsageRow[]
}

/** Audio by day, as bars. A pointer or the arrow keys move along them, and what is under them is said above. */
export function DayChart({ days }: DayChartProps) {
  const [place, setPlace] = useState<number | null>(null)
  const last = days.length - 1
  const most = Math.max(...days.map(({ chargedMs }) => chargedMs))
  const chosen = place === null ? undefined : days[place]

  const follow = ({ clientX, currentTarget }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect()
    setPlace(Math.min(last, Math.max(0, Math.floor(((clientX - left) / width) * days.length))))
  }
  const move = (event: KeyboardEvent) => {
    const from = place ?? last
    const steps: Partial<Record<string, number>> = {
      ArrowLeft: from - 1,
      ArrowDown: from - 1,
      ArrowRight: from + 1,
      ArrowUp: from + 1,
      PageDown: from - 7,
      PageUp: from + 7,
      Home: 0,
      End: last,
    }
    const to = steps[event.key]
    if (to === undefined) return
    event.preventDefault()
    setPlace(Math.min(last, Math.max(0, to)))
  }

  return (
    <div>
      <p aria-hidden className="flex min-h-6 items-baseline justify-between gap-4 text-sm">
        <span className="text-muted">{chosen ? describe(chosen) : 'Each day, in UTC'}</span>
        <span className="text-xs text-subtle tabular-nums">{most > 0 && `at most ${formatLength(most)}`}</span>
      </p>
      <div
        role="slider"
        tabIndex={0}
        aria-label="Audio by day"
        aria-orientation="horizontal"
        aria-valuemin={1}
        aria-valuemax={days.length}
        aria-valuenow={(place ?? last) + 1}
        aria-valuetext={describe(days[place ?? last])}
        onPointerMove={follow}
        onPointerDown={follow}
        onPointerLeave={() => setPlace(null)}
        onFocus={() => setPlace((known) => known ?? last)}
        onBlur={() => setPlace(null)}
        onKeyDown={move}
        className="mt-2 flex h-32 cursor-default touch-pan-y items-end rounded-t-md border-b border-line-strong"
      >
        {days.map((day, index) => (
          <div key={day.id} className={clsx('flex h-full flex-1 items-end px-px', index === place && 'bg-hover')}>
            <div
              className={clsx(
                'w-full rounded-t-xs transition-colors duration-150',
                index === place ? 'bg-accent-hover' : 'bg-accent',
                // What is there is seen, however little it is.
                day.chargedMs > 0 && 'min-h-0.5',
              )}
              style={{ height: `${most > 0 ? Math.max(0, day.chargedMs / most) * 100 : 0}%` }}
            />
          </div>
        ))}
      </div>
      <p aria-hidden className="mt-1.5 flex justify-between text-xs text-subtle tabular-nums">
        {[days[0], days[last]].map((day) => day && <span key={day.id}>{formatDay(day.id ?? '')}</span>)}
      </p>
    </div>
  )
}

function describe(day: UsageRow | undefined): string {
  if (!day) return ''
  const { id, chargedMs, generations } = day
  // On a day on which more was given back than charged.
  const length = chargedMs < 0 ? `${formatLength(-chargedMs)} given back` : formatLength(chargedMs)
  return `${formatDay(id ?? '')}: ${length}, ${formatCount(generations)} ${generations === 1 ? 'generation' : 'generations'}`
}
