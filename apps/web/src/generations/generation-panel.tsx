import type { Generation } from '@loqui/sdk'
import { useLoqui } from '@loqui/sdk/react'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { sentenceOf } from '../errors.ts'
import { formatCount, formatLength } from '../format.ts'
import { Button } from '../ui/button.tsx'
import { Alert } from '../ui/notice.tsx'
import { DownloadButton } from './download-button.tsx'
import { type Heard, ListenNow } from './listen-now.tsx'
import { isActive, type SegmentLengths } from './live.ts'
import { Player } from './player.tsx'
import { StateBadge } from './state-badge.tsx'
import { Strip } from './strip.tsx'

interface GenerationPanelProps {
  generation: Generation
  lengths: SegmentLengths
  isConnected: boolean
  /** Beside the generation's own buttons. */
  actions?: ReactNode
}

/** What becomes of a generation: the wait, its segments as they arrive, then the player; or why there is none. */
export function GenerationPanel({ generation, lengths, isConnected, actions }: GenerationPanelProps) {
  const loqui = useLoqui()
  const canceling = useMutation({ mutationFn: () => loqui.generations.cancel(generation.id) })
  const [heard, setHeard] = useState<Heard>()
  const { state, waitsFor, fellBackFrom, segments, error } = generation
  const isUnderWay = isActive(state)

  return (
    <div className="@container flex flex-col gap-3">
      <div className="flex min-h-10 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="flex items-center gap-3">
          <StateBadge generation={generation} />
          <span className="text-xs text-muted tabular-nums">
            <Progress generation={generation} />
          </span>
          {isUnderWay && !isConnected && (
            <span role="status" className="patient text-xs text-warning-text">
              Connection lost, trying again…
            </span>
          )}
        </div>
        <div className="flex items-center gap-2">
          {isUnderWay && (
            <Button size="sm" pending={canceling.isPending} onClick={() => canceling.mutate()}>
              Cancel
            </Button>
          )}
          {state === 'succeeded' && <DownloadButton generation={generation} />}
          {actions}
        </div>
      </div>

      {fellBackFrom !== null && (
        <p className="text-xs text-pretty text-muted">
          {isUnderWay ? 'Its fallback speaks' : 'Its fallback spoke'}: the engine of the voice that was chosen did not
          work.
        </p>
      )}
      {waitsFor !== null && <p className="text-xs text-pretty text-muted">{waitNotes[waitsFor]}</p>}
      {canceling.isError && <Alert>{sentenceOf(canceling.error)}</Alert>}

      {state === 'succeeded' ? (
        <Player key={generation.id} generation={generation} lengths={lengths} heard={heard} />
      ) : state === 'failed' ? (
        <>
          <Alert>{error?.message ?? 'It could not be spoken.'}</Alert>
          {keepsFinished(generation) && (
            <p className="text-xs text-pretty text-muted">
              What was spoken of it is kept for a day: tried again until then, only the rest is asked of the engine and
              paid to its provider.
            </p>
          )}
        </>
      ) : (
        <div className="flex h-10 items-center gap-x-3">
          {isUnderWay && segments.total > 1 && segments.done > 0 && (
            <ListenNow key={generation.id} id={generation.id} onEnd={setHeard} />
          )}
          <Strip
            total={segments.total}
            lengths={lengths}
            mode="making"
            isActive={isUnderWay && waitsFor === null}
            className="flex-1"
          />
          {isUnderWay && (
            <progress className="sr-only" aria-label="Segments" value={segments.done} max={segments.total} />
          )}
        </div>
      )}
      <p role="status" className="sr-only">
        {announce(generation)}
      </p>
    </div>
  )
}

function Progress({ generation: { state, segments, durationMs, chargedMs } }: { generation: Generation }) {
  const total = segments.total === 1 ? '1 segment' : `${formatCount(segments.total)} segments`
  switch (state) {
    case 'queued':
      return total
    case 'running':
      return `${formatCount(segments.done)} of ${total}`
    case 'succeeded':
      return (
        <>
          {formatLength(durationMs ?? 0)}
          <span className="@max-md:hidden"> in {total}</span>
        </>
      )
    case 'failed':
    case 'canceled':
      return chargedMs ? `${formatLength(chargedMs)} charged` : 'Nothing was charged'
  }
}

const keptMs = 24 * 3_600_000

/** As the server does it, but for a voice that may speak no more: of such a one nothing is tried again. */
const keepsFinished = ({ segments, error, finishedAt }: Generation): boolean =>
  segments.done > 0 &&
  error?.reason !== 'storage_full' &&
  finishedAt !== null &&
  Date.now() - Date.parse(finishedAt) < keptMs

/** What somebody should know who sees it wait. */
const waitNotes: Record<NonNullable<Generation['waitsFor']>, string> = {
  engine_degraded: 'Its engine does not work at the moment. It goes on by itself, and the wait costs nothing.',
}

/** What a screen reader says: each state once, not each segment. */
function announce({ state, waitsFor, durationMs }: Generation): string {
  if (waitsFor !== null) return waitNotes[waitsFor]
  switch (state) {
    case 'queued':
      return 'Waiting to be spoken.'
    case 'running':
      return 'Being spoken.'
    case 'succeeded':
      return `Ready: ${formatLength(durationMs ?? 0)} of audio.`
    case 'failed':
      return 'It failed.'
    case 'canceled':
      return 'Canceled.'
  }
}
