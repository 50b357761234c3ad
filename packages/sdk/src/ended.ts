import type { Generation, GenerationStatus } from './api.d.ts'
import { isPassing, sleep, unreachable, unreachableMs } from './attempt.ts'
import type { Generations } from './generations.ts'

/** Silence after which the server is asked, doubling up to the longest: a subscription that works is rarely silent. */
const firstSilenceMs = 1_000
const longestSilenceMs = 5_000

const hasEnded = (state: Generation['state']) => state !== 'queued' && state !== 'running'

/**
 * Resolves when a generation has ended: its events tell at once, and asking behind them makes a subscription that is
 * blocked, or silent, cost time only.
 */
export async function ended(
  generations: Generations,
  id: string,
  signal: AbortSignal,
  onProgress: (status: GenerationStatus) => void = () => undefined,
): Promise<void> {
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  let heardAt = Date.now()
  let silenceMs = firstSilenceMs

  const listen = async (): Promise<boolean> => {
    let isOver = false
    for await (const { generationId, state, waitsFor, segments, durationMs, chargedMs, error } of generations.watch(
      id,
      {
        signal: until,
      },
    )) {
      heardAt = Date.now()
      silenceMs = firstSilenceMs
      onProgress({ id: generationId, state, waitsFor, segments, durationMs, chargedMs, error })
      isOver = hasEnded(state)
    }
    return isOver
  }

  const ask = async (): Promise<void> => {
    for (;;) {
      const silenceLeft = heardAt + silenceMs - Date.now()
      if (silenceLeft > 0) {
        await sleep(silenceLeft, until)
        continue
      }
      try {
        const status = await generations.status(id, { signal: until })
        heardAt = Date.now()
        silenceMs = Math.min(longestSilenceMs, silenceMs * 2)
        onProgress(status)
        if (hasEnded(status.state)) return
      } catch (error) {
        if (!isPassing(error)) throw error
        if (Date.now() - heardAt > unreachableMs) throw unreachable(unreachableMs, error)
        await sleep(longestSilenceMs, until)
      }
    }
  }

  const asking = ask()
  const listening = listen().then(
    // Somebody closed the socket, or logged in as somebody else.
    (isOver) => (isOver ? undefined : asking),
    (error: unknown) => {
      if (isPassing(error)) return asking
      throw error
    },
  )
  try {
    await Promise.race([listening, asking])
  } finally {
    over.abort()
  }
}
