import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Piece } from '@loqui/audio/assemble'
import { createAssembler } from '@loqui/audio/assembler'
import { createLayout } from '@loqui/audio/assembly'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { offlineVoices } from '@loqui/engines/offline/voices'
import { afterAll, describe, expect, test } from 'vitest'
import { littleEndianBytes } from '../pcm.ts'
import { splitText } from '../text/split.ts'

const engine = createOfflineEngine({ threads: 2 })
const assembler = createAssembler({ threads: 1 })
afterAll(async () => {
  await engine.close()
  await assembler.close()
})

const text = `The ship had been at sea for eleven days when the wind turned and the captain, who trusted nobody else with the wheel,
sent all of us below. We heard the mast go. Nobody spoke, and nobody slept; at four in the morning it was over!

“Well,” said the cook, “who wants an egg?”`

const rate = 24_000
/** A click would be where a piece begins or ends, or where it begins or ends to sound together with another. */
const nearby = 0.001 * rate

interface Spoken {
  readonly samples: Int16Array
  readonly sampleRate: number
  readonly pauseMs: number
}

const never = new AbortController().signal

/** What a voice makes of the text, cut at sentences, and within them where a segment may have few characters. */
async function speak(voice: string, maxCharacters: number): Promise<Spoken[]> {
  return Promise.all(
    splitText(text, { maxCharacters }).map(async (segment) => {
      const request = { text: segment.text, voice, settings: {} }
      return { ...(await engine.speak(request, { signal: never })), pauseMs: segment.pauseMs }
    }),
  )
}

async function joined(spoken: readonly Spoken[]): Promise<Int16Array> {
  const pieces: Piece[] = spoken.map(({ samples, sampleRate, pauseMs }) => {
    const open = async () => Readable.from([littleEndianBytes(samples)])
    return { samples: samples.length, sampleRate, pauseMs, open }
  })
  const bytes = await buffer(assembler.encode(pieces, 'pcm', { sampleRate: rate }))
  return new Int16Array(Uint8Array.from(bytes).buffer)
}

/** Where the joined audio has something of two pieces, or of a piece and its pause, beside each other. */
function seams(spoken: readonly Spoken[]): number[] {
  const layout = createLayout(rate)
  return spoken.flatMap(({ samples, sampleRate, pauseMs }) => {
    const before = layout.samples
    const { overlap, pause } = layout.place({ samples: samples.length, sampleRate, pauseMs })
    return [before - overlap, before, layout.samples - pause]
  })
}

/** How far each sample is from the one before it. */
function steps(samples: Int16Array, from = 0, to = samples.length): number[] {
  const found: number[] = []
  for (let n = Math.max(1, from); n < Math.min(to, samples.length); n++) {
    found.push(Math.abs((samples[n] as number) - (samples[n - 1] as number)))
  }
  return found
}

/** How far the speech itself goes from one sample to the next, at most in all but a thousandth of them. */
async function ownStep(spoken: readonly Spoken[]): Promise<number> {
  const alone = await Promise.all(spoken.map((each) => joined([{ ...each, pauseMs: 1 }])))
  const all = alone.flatMap((samples) => steps(samples))
  return all.toSorted((a, b) => a - b)[Math.floor(all.length * 0.999)] as number
}

const greatestAt = (samples: Int16Array, places: readonly number[]) =>
  Math.max(...places.flatMap((place) => steps(samples, place - nearby, place + nearby)))

const greatestAtSeams = async (spoken: readonly Spoken[]) => greatestAt(await joined(spoken), seams(spoken))

describe('where segments meet there is no click', () => {
  test.for(offlineVoices.map(({ id }) => id))('in the speech of %s', { timeout: 60_000 }, async (voice) => {
    for (const maxCharacters of [300, 60]) {
      const spoken = await speak(voice, maxCharacters)
      expect(await greatestAtSeams(spoken)).toBeLessThan(await ownStep(spoken))
    }
  })

  const [slt] = offlineVoices
  const cruel: Record<string, (piece: Spoken, index: number) => Spoken> = {
    'cut off in the middle of a sound': ({ samples, ...rest }) => ({
      ...rest,
      samples: samples.subarray(Math.round(samples.length * 0.31), Math.round(samples.length * 0.67)),
    }),
    'with a constant in it, of another sign each time': ({ samples, ...rest }, index) => ({
      ...rest,
      samples: samples.map((sample) => Math.max(-32_768, Math.min(32_767, sample + (index % 2 === 0 ? 4000 : -4000)))),
    }),
    'by turns loud and soft': ({ samples, ...rest }, index) => ({
      ...rest,
      samples: samples.map((sample) => (index % 2 === 0 ? sample : Math.round(sample / 4))),
    }),
    'of a few samples': ({ samples, ...rest }, index) => ({
      ...rest,
      samples: samples.subarray(5000, 5000 + 7 * index),
    }),
    'without a pause': (piece) => ({ ...piece, pauseMs: 0 }),
  }
  test.for(Object.keys(cruel))('of segments %s', { timeout: 60_000 }, async (how) => {
    const spoken = await speak(String(slt?.id), 60)
    const change = cruel[how] as (piece: Spoken, index: number) => Spoken
    const changed = spoken.map(change)
    for (const pauses of [changed, changed.map((piece) => ({ ...piece, pauseMs: 0 }))]) {
      expect(await greatestAtSeams(pauses)).toBeLessThan(await ownStep(spoken))
    }
  })
})

test('the measure hears a click where there is one', { timeout: 60_000 }, async () => {
  const spoken = await speak('stella', 60)
  const cut = spoken.map(({ samples }) => samples.subarray(0, Math.round(samples.length * 0.67)))
  const raw = Int16Array.from(
    cut.flatMap((samples, index) => [...samples].map((sample) => sample + (index % 2) * 4000)),
  )
  const places = cut.map((_, index) => cut.slice(0, index).reduce((sum, { length }) => sum + length, 0))
  expect(greatestAt(raw, places)).toBeGreaterThan(await ownStep(spoken))
})

/** What is faded or sounds together with a neighbour. */
const edge = 0.02 * rate

test('even speech is left as loud as it is spoken', { timeout: 60_000 }, async () => {
  for (const { id } of offlineVoices) {
    const spoken = await speak(id, 300)
    const alone = await Promise.all(spoken.map((piece) => joined([{ ...piece, pauseMs: 1 }])))
    const together = await joined(spoken)
    const layout = createLayout(rate)
    for (const [index, { samples, sampleRate, pauseMs }] of spoken.entries()) {
      const { speech, pause } = layout.place({ samples: samples.length, sampleRate, pauseMs })
      const start = layout.samples - pause - speech + edge
      expect(together.subarray(start, layout.samples - pause - edge)).toEqual(
        alone[index]?.subarray(edge, speech - edge),
      )
    }
  }
})
