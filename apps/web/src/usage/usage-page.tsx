import type { CurrentUsage, Plan } from '@loqui/sdk'
import type { ReactNode } from 'react'
import { formatBytes, formatCount, formatDate, formatLength, formatMoment } from '../format.ts'
import { Page } from '../shell/page.tsx'
import { LoadError, Skeleton } from '../ui/notice.tsx'
import { UsageHistory } from './history.tsx'
import { isLow, QuotaMeter } from './quota-meter.tsx'
import { useUsage } from './usage.ts'

export function UsagePage() {
  const usage = useUsage()
  return (
    <Page
      title="Usage"
      lead="Counted in seconds of audio that you can hear. What fails or is canceled costs nothing."
      width="narrow"
    >
      {usage.isError && (
        <LoadError error={usage.error} pending={usage.isFetching} onRetry={() => void usage.refetch()} />
      )}
      {usage.isPending && (
        <div role="status" className="flex flex-col gap-6">
          <span className="sr-only">Loading usage</span>
          <Skeleton className="h-44 rounded-xl" />
          <Skeleton className="h-56 rounded-xl" />
        </div>
      )}
      {usage.data && (
        <div className="flex flex-col gap-8">
          <Period usage={usage.data} />
          <UsageHistory />
          <Limits plan={usage.data.plan} />
        </div>
      )}
    </Page>
  )
}

function Period({ usage }: { usage: CurrentUsage }) {
  const { period, grantedMs, adjustedMs, usedMs, reservedMs, remainingMs } = usage
  return (
    <section aria-label="This period" className="rounded-xl border border-line p-5">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <p>
          <span className="text-2xl font-semibold tracking-[-0.015em] tabular-nums">{formatLength(remainingMs)}</span>{' '}
          <span className="text-muted">left of {formatLength(grantedMs)}</span>
        </p>
        <p className="text-sm text-muted">
          Begins again on{' '}
          <time dateTime={period.end} title={formatMoment(period.end)}>
            {formatDate(period.end)}
          </time>
        </p>
      </div>
      <QuotaMeter usage={usage} className="mt-4 h-2.5" />
      <dl className="mt-4 flex flex-wrap gap-x-8 gap-y-2 text-sm">
        <Figure color="bg-accent" label="Used">
          {formatLength(usedMs)}
        </Figure>
        <Figure color="bg-accent opacity-45" label="Held for what waits or runs">
          {formatLength(reservedMs)}
        </Figure>
        {adjustedMs !== 0 && (
          <Figure label={adjustedMs > 0 ? 'Added to the plan' : 'Taken from the plan'}>
            {formatLength(Math.abs(adjustedMs))}
          </Figure>
        )}
      </dl>
      {isLow(usage) && (
        <p className="mt-4 rounded-lg bg-warning-soft px-3 py-2 text-sm text-warning-text">
          Little is left. Texts that need more than {formatLength(remainingMs)} wait for the next period.
        </p>
      )}
    </section>
  )
}

function Limits({ plan }: { plan: Plan }) {
  return (
    <section aria-labelledby="plan">
      <h2 id="plan" className="mb-3 font-semibold">
        The {plan.name} plan
      </h2>
      <dl className="divide-y divide-line rounded-xl border border-line">
        <Limit label="Audio in a month">{formatLength(plan.secondsPerMonth * 1000)}</Limit>
        <Limit label="Longest text">{formatCount(plan.maxCharacters)} characters</Limit>
        <Limit label="Generations at once">{formatCount(plan.concurrency)}</Limit>
        <Limit label="Requests in a minute">{formatCount(plan.requestsPerMinute)}</Limit>
        <Limit label="Storage">{formatBytes(plan.storageBytes)}</Limit>
      </dl>
    </section>
  )
}

function Figure({ color, label, children }: { color?: string; label: string; children: ReactNode }) {
  return (
    <div className="flex items-center gap-2">
      {color && <span aria-hidden className={`size-2 rounded-full ${color}`} />}
      <dt className="text-muted">{label}</dt>
      <dd className="font-medium tabular-nums">{children}</dd>
    </div>
  )
}

function Limit({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex items-baseline justify-between gap-4 px-5 py-3">
      <dt className="text-muted">{label}</dt>
      <dd className="text-right font-medium tabular-nums">{children}</dd>
    </div>
  )
}
