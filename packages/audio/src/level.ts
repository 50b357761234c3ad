import { ceiling } from './gain.ts'

/** What was heard of a piece. */
export interface Heard {
  /**
   * How loud that of it is which is loud, in decibels of full scale: each tenth of a second counts by its own energy, so that
   * silence counts for nothing. Enough to compare pieces of one voice by, at a sixth of what LUFS cost. `null` when
   * nothing of it is louder than −70.
   */
  readonly loudness: number | null
  /** The largest sample, without its sign. */
  readonly peak: number
}

/** Keeps pieces that follow each other about as loud as each other. */
export interface Level {
  /**
   * By which factor the next piece, that was heard, is made louder or softer. None is made louder than the ceiling, and what is
   * beyond that already is left as it is.
   */
  next(piece: Heard): number
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

const frameSeconds = 0.1
const fullScale = 32_768
const quietest = -70

/**
 * Listens to the beginning of a piece: as much of it as is listened to before any of it is joined. Where the chunks are cut
 * changes nothing: all that is added up are whole numbers.
 */
export function createListening(sampleRate: number, most: number) {
  const frameSamples = Math.round(sampleRate * frameSeconds)
  const sums: number[] = []
  const squares: number[] = []
  let heard = 0
  let highest = 0
  let lowest = 0
  return {
    push(samples: Int16Array): void {
      const count = Math.min(samples.length, most - heard)
      for (let n = 0; n < count; ) {
        const frame = Math.floor(heard / frameSamples)
        const end = Math.min(count, n + (frame + 1) * frameSamples - heard)
        heard += end - n
        // Three times as quick: variables that no closure shares, and integers of 32 bits, two for the squares, which a frame of
        // less than 65,536 samples does not fill.
        let high = highest
        let low = lowest
        let sum = 0
        let coarse = 0
        let fine = 0
        for (; n < end; n++) {
          const sample = samples[n] as number
          const square = Math.imul(sample, sample)
          sum = (sum + sample) | 0
          coarse = (coarse + (square >> 15)) | 0
          fine = (fine + (square & 32_767)) | 0
          high = Math.max(high, sample)
          low = Math.min(low, sample)
        }
        highest = high
        lowest = low
        sums[frame] = (sums[frame] ?? 0) + sum
        squares[frame] = (squares[frame] ?? 0) + coarse * 32_768 + fine
      }
    },
    heard(): Heard {
      // A constant offset is not heard.
      const offset = sums.reduce((all, sum) => all + sum, 0) / Math.max(1, heard)
      let energy = 0
      let weighted = 0
      for (const [frame, square] of squares.entries()) {
        const samples = Math.min(frameSamples, heard - frame * frameSamples)
        const own = Math.max(0, square - 2 * offset * (sums[frame] as number) + samples * offset * offset)
        energy += own
        weighted += (own * own) / samples
      }
      const loudness = energy === 0 ? quietest : 10 * Math.log10(weighted / energy / fullScale ** 2)
      return { loudness: loudness > quietest ? loudness : null, peak: Math.max(highest, -lowest) }
    },
  }
}
