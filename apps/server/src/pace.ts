import { Refusal } from '@loqui/core/errors'

/** How fast a body has to come. */
export interface PaceLimits {
  /** Without a byte. */
  readonly idleMs: number
  /** On the average, once it has been waited for as long as a pause may be. */
  readonly leastBytesPerSecond: number
  /** From first to last, whoever is slow. */
  readonly wholeMs: number
}

export const uploadPace: PaceLimits = { idleMs: 30_000, leastBytesPerSecond: 8_000, wholeMs: 5 * 60_000 }

/**
 * Judges how fast a body comes. While we are not ready to take more of it, its sender is not slow.
 *
 * @param now in milliseconds, never backwards.
 */
export function createPace(limits: PaceLimits, now: () => number = () => performance.now()) {
  const began = now()
  let bytes = 0
  let waitedMs = 0
  let waitingSince: number | undefined = began
  const wait = () => (waitingSince === undefined ? 0 : now() - waitingSince)
  return {
    /** So many bytes came. */
    received(count: number): void {
      bytes += count
      waitedMs += wait()
      if (waitingSince !== undefined) waitingSince = now()
    },
    /** No more can be taken, … */
    hold(): void {
      waitedMs += wait()
      waitingSince = undefined
    },
    /** … and again it can. */
    go(): void {
      waitingSince ??= now()
    },
    /** @throws {Refusal} `upload_too_slow`. To be asked now and then: nothing else happens while nothing comes. */
    check(): void {
      if (wait() > limits.idleMs) throw tooSlow(`Nothing came for ${seconds(limits.idleMs)}.`)
      const waited = waitedMs + wait()
      if (waited > limits.idleMs && (bytes * 1_000) / waited < limits.leastBytesPerSecond) {
        throw tooSlow(`It came at less than ${limits.leastBytesPerSecond / 1_000} kB a second.`)
      }
      if (now() - began > limits.wholeMs) throw tooSlow(`It took longer than ${seconds(limits.wholeMs)}.`)
    },
  }
}

const seconds = (ms: number) => `${ms / 1_000} s`

const tooSlow = (why: string) => new Refusal('upload_too_slow', `The upload was too slow. ${why}`)
