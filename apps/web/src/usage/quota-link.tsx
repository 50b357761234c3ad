import { Link } from '@tanstack/react-router'
import { formatLength } from '../format.ts'
import { QuotaMeter } from './quota-meter.tsx'
import { useUsage } from './usage.ts'

/** What is left, always in sight. */
export function QuotaLink() {
  const { data: usage } = useUsage()
  return (
    <Link
      to="/usage"
      className="flex flex-col gap-2 rounded-lg px-2 py-2 text-xs text-muted transition-colors duration-150 hover:bg-hover hover:text-ink"
    >
      <span className="flex h-4.5 items-baseline justify-between gap-2">
        <span>
          {usage && (
            <>
              <span className="font-medium text-ink tabular-nums">{formatLength(usage.remainingMs)}</span> left
            </>
          )}
        </span>
        <span>{usage?.plan.name}</span>
      </span>
      <QuotaMeter usage={usage} />
    </Link>
  )
}
