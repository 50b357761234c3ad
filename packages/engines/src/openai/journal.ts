import { type CallJournal, EngineError, HandedOver, type Speech } from '../engine.ts'
import { startWatch } from '../watch.ts'
import { sentWithinMs } from './timing.ts'

/**
 * Makes one call, written down before it is sent and after it has ended. One that nobody wants any more is counted as paid, since
 * it cannot be called back; one that is handed over stays open, as one does whose process dies: whoever goes on counts it.
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
    const isLeft = error === signal.reason
    if (error instanceof EngineError && !isLeft) {
      const { costMicros } = error
      await journal.ended(mark, { outcome: costMicros > 0 ? 'gone' : 'refused', costMicros })
    }
    // An engine that closes leaves it to the next process.
    if (isLeft && !(error instanceof HandedOver || error instanceof EngineError)) {
      await journal.ended(mark, { outcome: 'canceled', costMicros: priceMicros })
    }
    throw error
  }
  await journal.ended(mark, { outcome: 'succeeded', costMicros: priceMicros })
  return speech
}
