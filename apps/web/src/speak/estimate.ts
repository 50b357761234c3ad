import type { CurrentUsage, Estimate, EstimateInput } from '@loqui/sdk'
import { useLoqui } from '@loqui/sdk/react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { formatLength } from '../format.ts'

/** Who writes is not asked after with every letter. */
const restMs = 400

/** How long the speech of a text would be, a moment after it was last changed; `undefined` while that is not known. */
export function useEstimate(input: EstimateInput | null): Estimate | undefined {
  const loqui = useLoqui()
  const json = useRested(input && JSON.stringify(input))
  const { data, isError } = useQuery({
    queryKey: ['estimate', json],
    queryFn: ({ signal }) => loqui.generations.estimate(JSON.parse(json ?? ''), { signal }),
    enabled: json !== null,
    // A text is as long as it is.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  })
  // What is refused says why when it is to be generated.
  return input === null || isError ? undefined : data
}

function useRested<Value>(value: Value): Value {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), restMs)
    return () => clearTimeout(timer)
  }, [value])
  return rested
}

/** An estimate in words, beside what is left now: the quota moves while the text stays as it is. */
export function describeEstimate(
  { estimatedMs, reservedMs }: Estimate,
  usage: Pick<CurrentUsage, 'remainingMs'> | undefined,
): { sentence: string; fits: boolean } {
  const length = `About ${formatLength(roughly(estimatedMs))}`
  if (!usage) return { sentence: length, fits: true }
  const { remainingMs } = usage
  if (reservedMs > remainingMs) {
    const sentence = `Needs up to ${formatLength(roughly(reservedMs))}, ${formatLength(remainingMs)} left`
    return { sentence, fits: false }
  }
  return { sentence: `${length}, then ${formatLength(roughly(remainingMs - estimatedMs))} left`, fits: true }
}

/** An estimate is not good to the tenth of a second. */
const roughly = (ms: number) => Math.max(1, Math.round(ms / 1000)) * 1000
