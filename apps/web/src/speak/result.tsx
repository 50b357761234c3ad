import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { isNotFound } from '../errors.ts'
import { GenerationPanel } from '../generations/generation-panel.tsx'
import { type SegmentLengths, useLiveGeneration } from '../generations/live.ts'
import { Strip } from '../generations/strip.tsx'
import { buttonClass } from '../ui/button.tsx'
import { LoadError, Skeleton } from '../ui/notice.tsx'

interface ResultProps {
  generationId: string | null
  /** Called when the generation is not there any more. */
  onGone: () => void
}

/** What came of the draft, below it. */
export function Result({ generationId, onGone }: ResultProps) {
  return generationId === null ? <Nothing /> : <LiveResult key={generationId} id={generationId} onGone={onGone} />
}

const none: SegmentLengths = new Map()

function Nothing() {
  return (
    <div className="flex flex-col gap-3">
      <p className="flex min-h-10 items-center text-xs text-subtle">
        Your speech appears here, segment by segment as it is made.
      </p>
      <div className="flex h-10 items-center">
        <Strip total={24} lengths={none} mode="making" className="flex-1 opacity-60" />
      </div>
    </div>
  )
}

function LiveResult({ id, onGone }: { id: string; onGone: () => void }) {
  const { query, generation, segments, isConnected } = useLiveGeneration(id)
  const isGone = query.isError && isNotFound(query.error)

  useEffect(() => {
    if (isGone) onGone()
  }, [isGone, onGone])

  if (generation && !isGone) {
    return (
      <GenerationPanel
        generation={generation}
        lengths={segments}
        isConnected={isConnected}
        actions={
          <Link to="/generations/$id" params={{ id }} className={buttonClass({ variant: 'ghost', size: 'sm' })}>
            Details
          </Link>
        }
      />
    )
  }
  if (query.isError && !isGone) {
    return <LoadError error={query.error} pending={query.isFetching} onRetry={() => void query.refetch()} />
  }
  return <Skeleton className="h-24 rounded-xl" />
}
