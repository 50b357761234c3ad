import type { CurrentUsage } from '@loqui/sdk'
import { clsx } from 'clsx'
import { formatLength } from '../format.ts'

/** Below this share of what was granted, the meter warns. */
const lowShare = 0.1

export const isLow = ({ remainingMs, grantedMs }: CurrentUsage) => remainingMs < grantedMs * lowShare

/** How much of the period's audio is used, and held for what waits or runs. */
export function QuotaMeter({ usage, className }: { usage: CurrentUsage | undefined; className?: string }) {
  const { grantedMs = 0, usedMs = 0, reservedMs = 0 } = usage ?? {}
  const percent = (ms: number) => (grantedMs === 0 ? 0 : (ms / grantedMs) * 100)
  const isRunningOut = usage !== undefined && isLow(usage)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <meter> shows one value, and this shows what is used and what is held.
    <div
      role="meter"
      aria-label="Audio used in this period"
      aria-valuemin={0}
      aria-valuemax={Math.round(grantedMs / 1000)}
      aria-valuenow={Math.round((usedMs + reservedMs) / 1000)}
      aria-valuetext={`${formatLength(usedMs + reservedMs)} of ${formatLength(grantedMs)}`}
      className={clsx('flex h-1.5 overflow-hidden rounded-full bg-selected', className)}
    >
      <div
        className={clsx('h-full transition-[width] duration-500', isRunningOut ? 'bg-warning' : 'bg-accent')}
        style={{ width: `${percent(usedMs)}%` }}
      />
      <div
        className={clsx('h-full opacity-45 transition-[width] duration-500', isRunningOut ? 'bg-warning' : 'bg-accent')}
        style={{ width: `${percent(reservedMs)}%` }}
      />
    </div>
  )
}
