import type { EngineVoice } from '../engine.ts'
import { orAborted } from '../or-aborted.ts'
import { parseJson, refusalOf, silenceOf } from './failure.ts'
import { chooseModel, readModels, readVoices, wellKnownVoices } from './listed.ts'
import type { Timing } from './timing.ts'
import { type Answer, type Transport, Unanswered } from './transport.ts'

/** What the server has to speak with. */
interface Offer {
  readonly voices: readonly EngineVoice[]
  readonly model: string
}

export interface Catalog {
  /** What it said last; `null`: nothing yet. */
  readonly offer: Offer | null
  /** Asks the server. Many at once ask once. @throws {EngineError}, the signal's reason. */
  refresh(signal: AbortSignal): Promise<Offer>
  /** What it said last, asked for where it has not said anything, or not lately and not this voice. @throws as `refresh`. */
  offerWith(voice: string, signal: AbortSignal): Promise<Offer>
}

export interface CatalogOptions {
  readonly model: string | undefined
  /** Where they are told, nobody is asked for them. */
  readonly voices: readonly EngineVoice[] | undefined
  readonly timing: Timing
}

/** A list of a thousand voices with all that is said of them. */
const mostBytes = 2 * 1024 * 1024

export function createCatalog(transport: Transport, { model, voices, timing }: CatalogOptions): Catalog {
  let offer: Offer | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<Offer> | undefined
  // Nobody's own signal: others wait for the same answer.
  const never = new AbortController().signal

  /** @returns what a list says, `null` where the server has none. */
  async function list<T>(path: string, read: (answered: unknown) => T | null): Promise<T | null> {
    const answer = await ask(path)
    if (answer.status >= 200 && answer.status < 300) return read(parseJson(answer.bytes))
    if ([400, 404, 405, 422, 501].includes(answer.status)) return null
    throw refusalOf(answer)
  }

  async function ask(path: string): Promise<Answer> {
    try {
      return await transport.ask({ path, budget: timing.list, mostBytes, signal: never })
    } catch (error) {
      throw error instanceof Unanswered ? silenceOf(error) : error
    }
  }

  async function askAll(): Promise<Offer> {
    const [found, models] = await Promise.all([
      voices ?? list('/audio/voices', readVoices),
      // The first tells those that speak; not every server has it.
      model ?? list('/audio/models', readModels).then((speaking) => speaking ?? list('/models', readModels)),
    ])
    return {
      voices: found ?? wellKnownVoices,
      model: typeof models === 'string' ? models : chooseModel(models ?? []),
    }
  }

  async function refresh(signal: AbortSignal): Promise<Offer> {
    signal.throwIfAborted()
    askedAt = performance.now()
    asking ??= askAll()
      .then((found) => {
        offer = found
        return found
      })
      .finally(() => {
        asking = undefined
      })
    return orAborted(asking, signal)
  }

  return {
    get offer() {
      return offer
    },
    refresh,
    async offerWith(voice, signal) {
      const known = offer?.voices.some(({ id }) => id === voice) ?? false
      if (offer && (known || performance.now() - askedAt < timing.recent)) return offer
      return refresh(signal)
    },
  }
}
