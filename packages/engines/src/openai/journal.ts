import { type CallJournal, EngineError, type Speech } from '../engine.ts'
import { startWatch } from '../watch.ts'
import { sentWithinMs } from './timing.ts'

/**
 * Makes one call, written down before it is sent and after it has ended. One that is aborted stays open, as one does whose process
 * dies: there is nothing by which its audio could be had, but the next `speak`, or the sweep, counts it as paid.
 *
 * @param priceMicros of the call where it is paid. @param call rejects with an {EngineError} that says what it cost.
 * @throws what `call` throws; {EngineError} `unavailable` when nothing was sent any more; what the journal throws.
 */
export async function journaled(
  journal: CallJournal,
  priceMicros: number,
  signal: AbortSignal,
  call: () => Promise<Speech>,
): Promise<Speech> {
  for (const { mark } of journal.open) await journal.ended(mark, { outcome: 'gone', costMicros: priceMicros })
  const elapsedMs = startWatch()
  const mark = await journal.announce()
  if (signal.aborted || elapsedMs() > sentWithinMs) {
    await journal.ended(mark, { outcome: 'refused', costMicros: 0 })
    signal.throwIfAborted()
    throw new EngineError('It took too long to ask the TTS server.', { code: 'unavailable', retryable: true })
  }
  let speech: Speech
  try {
    speech = await call()
  } catch (error) {
    if (error instanceof EngineError && error !== signal.reason) {
      const { costMicros } = error
      await journal.ended(mark, { outcome: costMicros > 0 ? 'gone' : 'refused', costMicros })
    }
    throw error
  }
  await journal.ended(mark, { outcome: 'succeeded', costMicros: priceMicros })
  return speech
}
