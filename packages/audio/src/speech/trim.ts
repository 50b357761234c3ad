import { frameMs, fromDecibels, type Levels, measureLevels } from './levels.ts'

/** Kept around the sound, in milliseconds: the first moment of a sound, and the last of one that dies away, are quieter than any threshold. */
const keptMs = { before: 30, after: 80 }

/**
 * Quieter than this against the speech's own level is no speech, in decibels: the f of “leaf” is some 30 dB below the vowel. Where
 * the quietest of the frames say that there is noise, as behind a cloned voice, what is no louder than noise is none either.
 */
const gateDb = { least: -45, most: -38, aboveNoise: 6 }
/** Share of the frames that are taken to have nothing but noise in them. */
const noiseShare = 0.1

/**
 * What stands alone at an end, farther from the speech than any closure of a consonant, and is too short or too soft for a
 * word, is a click, or a breath.
 */
const alone = { gapMs: 250, clickMs: 40, softDb: -25 }

/** First and last frame of something, the last exclusive. */
interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Takes away what is before and after speech: silence, noise, a breath. Of speech itself nothing is taken: soft consonants and
 * bursts at its ends are kept, and so is every silence inside. What has no sound at all is left as it is.
 *
 * @param sampleRate in hertz
 * @returns a view of the same samples.
 */
export function trimSpeech(
  samples: Int16Array,
  sampleRate: number,
  levels = measureLevels(samples, sampleRate),
): Int16Array {
  const { frameSamples } = levels
  const speech = findSpeech(levels)
  if (!speech) return samples
  const start = speech.start * frameSamples - Math.round((sampleRate * keptMs.before) / 1000)
  const end = speech.end * frameSamples + Math.round((sampleRate * keptMs.after) / 1000)
  return samples.subarray(Math.max(0, start), Math.min(samples.length, end))
}

/** From the first to the last sound of speech; undefined where there is no sound. */
function findSpeech(levels: Levels): Span | undefined {
  const { energies, loud } = levels
  if (loud === 0) return undefined
  const islands = findIslands(energies, gateOf(levels))
  let first = 0
  let last = islands.length - 1
  const isStray = (island: Span, neighbour: Span) => {
    const gap = Math.max(island.start - neighbour.end, neighbour.start - island.end)
    if (gap * frameMs < alone.gapMs) return false
    if ((island.end - island.start) * frameMs < alone.clickMs) return true
    return energies.subarray(island.start, island.end).every((energy) => energy < loud * fromDecibels(alone.softDb))
  }
  while (first < last && isStray(islands[first] as Span, islands[first + 1] as Span)) first++
  while (first < last && isStray(islands[last] as Span, islands[last - 1] as Span)) last--
  const [begin, end] = [islands[first], islands[last]]
  return begin && end && { start: begin.start, end: end.end }
}

function gateOf({ energies, loud }: Levels): number {
  const sorted = energies.toSorted()
  const noise = sorted[Math.floor(noiseShare * sorted.length)] ?? 0
  const overNoise = noise * fromDecibels(gateDb.aboveNoise)
  return Math.min(loud * fromDecibels(gateDb.most), Math.max(loud * fromDecibels(gateDb.least), overNoise))
}

/** Sounds closer to each other than this are one, in frames. */
const closure = alone.gapMs / frameMs

function findIslands(energies: Float64Array, gate: number): Span[] {
  const islands: { start: number; end: number }[] = []
  for (const [frame, energy] of energies.entries()) {
    if (energy <= gate) continue
    const last = islands.at(-1)
    if (last && frame - last.end < closure) last.end = frame + 1
    else islands.push({ start: frame, end: frame + 1 })
  }
  return islands
}
