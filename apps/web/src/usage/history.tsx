import type { UsageRow, UsageSums } from '@loqui/sdk'
import { useTRPC } from '@loqui/sdk/react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, formatLength, formatMoney } from '../format.ts'
import { LoadError, Skeleton } from '../ui/notice.tsx'
import { Select } from '../ui/select.tsx'
import { VoiceName } from '../voices/voice-name.tsx'
import { DayChart } from './day-chart.tsx'

/** What the last thirty days were used for. */
export function UsageHistory() {
  const history = useQuery(useTRPC().usage.history.queryOptions({ by: 'day' }))
  const { data, isPending, isError } = history
  return (
    <section aria-labelledby="history">
      <h2 id="history" className="mb-3 font-semibold">
        The last 30 days
      </h2>
      {isError && !data && (
        <LoadError error={history.error} pending={history.isFetching} onRetry={() => void history.refetch()} />
      )}
      {isPending && <Skeleton className="h-60 rounded-xl" />}
      {data && (
        <div className="rounded-xl border border-line">
          {data.rows.some(isUsed) ? (
            <>
              <div className="p-5">
                <Total {...data.total} />
                <DayChart days={data.rows} />
              </div>
              <Breakdown />
            </>
          ) : (
            <p className="p-5 text-muted">Nothing was spoken. What you generate is counted here, day by day.</p>
          )}
        </div>
      )}
    </section>
  )
}

const isUsed = ({ generations, chargedMs, costMicros }: UsageSums) =>
  generations > 0 || chargedMs !== 0 || costMicros > 0

function Total({ generations, chargedMs, costMicros }: UsageSums) {
  return (
    <p className="mb-3">
      <span className="text-lg font-semibold tabular-nums">{formatLength(Math.max(0, chargedMs))}</span>{' '}
      <span className="text-muted">
        of audio in {formatCount(generations)} {generations === 1 ? 'generation' : 'generations'}
        {costMicros > 0 && `, for which engines asked ${formatMoney(costMicros)}`}
      </span>
    </p>
  )
}

const dimensions = [
  { value: 'voice', label: 'Voice', missing: 'A voice that is gone' },
  { value: 'key', label: 'API key', missing: 'A key that is gone' },
] as const

/** The same days by voice or by key. */
function Breakdown() {
  const [by, setBy] = useState<(typeof dimensions)[number]['value']>('voice')
  const { data, isError, error, isFetching, refetch } = useQuery({
    ...useTRPC().usage.history.queryOptions({ by }),
    placeholderData: keepPreviousData,
  })
  const dimension = dimensions.find(({ value }) => value === by) ?? dimensions[0]
  const hasCost = data !== undefined && data.total.costMicros > 0
  return (
    <div className="border-t border-line px-5 pt-4 pb-2">
      <div className="mb-1 flex items-center justify-between gap-4">
        <h3 className="text-sm font-semibold">By {dimension.label.replace(/^V/, 'v')}</h3>
        <Select label="Sum by" value={by} options={dimensions} onChange={setBy} className="min-w-28" />
      </div>
      {isError && !data && <LoadError error={error} pending={isFetching} onRetry={() => void refetch()} />}
      {data && (
        <table className="w-full text-sm">
          <thead className="text-left text-xs text-muted">
            <tr>
              <th scope="col" className="py-2 font-normal">
                {dimension.label}
              </th>
              <th scope="col" className="py-2 pl-4 text-right font-normal">
                Generations
              </th>
              <th scope="col" className="hidden py-2 pl-4 text-right font-normal sm:table-cell">
                Characters
              </th>
              <th scope="col" className="py-2 pl-4 text-right font-normal">
                Audio
              </th>
              {hasCost && (
                <th scope="col" className="py-2 pl-4 text-right font-normal">
                  Cost
                </th>
              )}
            </tr>
          </thead>
          <tbody className="divide-y divide-line tabular-nums">
            {data.rows.map((row) => (
              <tr key={row.id ?? 'none'}>
                <th scope="row" className="max-w-0 truncate py-2.5 text-left font-medium">
                  <VoiceName voiceId={row.id} name={nameOf(row, dimension.missing)} />
                </th>
                <td className="w-px py-2.5 pl-4 text-right whitespace-nowrap">{formatCount(row.generations)}</td>
                <td className="hidden w-px py-2.5 pl-4 text-right whitespace-nowrap sm:table-cell">
                  {formatCount(row.characters)}
                </td>
                <td className="w-px py-2.5 pl-4 text-right whitespace-nowrap">
                  {formatLength(Math.max(0, row.chargedMs))}
                </td>
                {hasCost && (
                  <td className="w-px py-2.5 pl-4 text-right whitespace-nowrap">{formatMoney(row.costMicros)}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

const nameOf = ({ id, name }: UsageRow, missing: string) => name ?? (id === null ? 'Here in the studio' : missing)
