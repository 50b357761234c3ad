import { ceiling, type Measured } from './gain.ts'
import { createLoudnessMeter } from './loudness.ts'

/** Keeps pieces that follow each other about as loud as each other. */
export interface Level {
  /**
   * By which factor the next piece, that was measured, is made louder or softer. None is made louder than the ceiling, and what is
   * beyond that already is left as it is.
   */
  next(piece: Measured): number
}

/** Speech varies by this much by itself, and is left alone: a question, an aside, a short sentence. In LU. */
const evenLu = 3
/** More is not made up for: who shouts is not to be heard whispering. In LU. */
const mostLu = 6
/** How much each piece counts in what those before it were like. */
const share = 0.25

/** What is louder or softer than those before it by more than speech is by itself is brought to where that begins. */
export function createLevel(): Level {
  let usual: number | null = null
  return {
    next({ loudness, peak }) {
      if (loudness === null) return 1
      if (usual === null) {
        usual = loudness
        return 1
      }
      const away = loudness - usual
      const beyond = Math.min(mostLu, Math.max(0, Math.abs(away) - evenLu))
      const wanted = 10 ** ((-Math.sign(away) * beyond) / 20)
      const gain = wanted <= 1 ? wanted : Math.max(1, Math.min(wanted, ceiling / Math.max(1, peak)))
      usual += share * (loudness + 20 * Math.log10(gain) - usual)
      return gain
    },
  }
}

/** Listens to the beginning of a piece: as much of it as is listened to before any of it is joined. */
export function createListening(sampleRate: number, most: number) {
  const meter = createLoudnessMeter(sampleRate)
  let left = most
  let peak = 0
  return {
    push(samples: Int16Array): void {
      const heard = samples.subarray(0, left)
      left -= heard.length
      meter.push(heard)
      for (let n = 0; n < heard.length; n++) peak = Math.max(peak, Math.abs(heard[n] as number))
    },
    heard: (): Measured => ({ loudness: meter.integrated(), peak }),
  }
}
