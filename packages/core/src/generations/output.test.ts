import { type AudioFormat, audioFormatInfo, audioFormats } from '@loqui/audio/format'
import { chooseOutput, takenRates } from '@loqui/audio/output'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../errors.ts'
import { ownOutput, readOutput, readOutputOf, toOutputRow } from './output.ts'

const refused = (read: () => unknown): Refusal => {
  try {
    read()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('it was not refused')
}

test.for(audioFormats)('%s is made as it usually is when nothing else is asked for', (format) => {
  const { usualSampleRate: sampleRate, rates } = audioFormatInfo[format]
  const bitRate = rates[sampleRate]?.usualBitRate
  expect(readOutput({ format })).toEqual({ format, sampleRate, bitRate, loudness: null })
  expect(readOutput({ format, sampleRate: null, bitRate: null, loudness: null })).toEqual(readOutput({ format }))
})

describe('what tells its rate has the lowest that leaves nothing of the speech out', () => {
  test.for([
    ['mp3', 16_000, 16_000],
    ['mp3', 16_100, 22_050],
    ['opus', 16_100, 24_000],
    ['wav', 8000, 16_000],
    ['flac', 24_000, 24_000],
    ['aac', 44_100, 24_000],
    ['wav', null, 24_000],
    ['pcm', 16_000, 24_000],
    ['ulaw', 16_000, 8000],
  ] as const)('%s of speech at %s Hz: %s Hz', ([format, spokenAt, sampleRate]) => {
    expect(readOutput({ format, spokenAt })).toEqual(readOutput({ format, sampleRate }))
  })

  test('and takes the bit rate that was asked for', () => {
    expect(readOutput({ format: 'aac', spokenAt: 16_000, bitRate: 128 })).toMatchObject({ sampleRate: 22_050 })
    expect(readOutput({ format: 'mp3', spokenAt: 16_000, bitRate: 64 })).toMatchObject({ sampleRate: 16_000 })
  })

  test('so that nothing is refused that the usual rate takes', () => {
    const asked = fc.record({
      format: fc.constantFrom(...audioFormats),
      bitRate: fc.option(fc.constantFrom(16, 32, 64, 96, 128, 160, 192, 320)),
    })
    fc.assert(
      fc.property(asked, fc.integer({ min: 4000, max: 96_000 }), (output, spokenAt) => {
        if (!('refused' in chooseOutput(output)))
          expect(chooseOutput({ ...output, spokenAt })).not.toHaveProperty('refused')
      }),
    )
  })
})

describe('what a format does not take is refused by the name of the field, with what it takes', () => {
  test.for([
    [{ format: 'opus', sampleRate: 44_100 }, 'sampleRate', 'opus takes 8000, 16000, 24000, or 48000 Hz, not 44100.'],
    [{ format: 'aac', sampleRate: 8000 }, 'sampleRate', /^aac takes 16000, .* or 48000 Hz, not 8000\.$/],
    [{ format: 'wav', sampleRate: 24_000.5 }, 'sampleRate', /not 24000\.5\.$/],
    [{ format: 'wav', sampleRate: -1 }, 'sampleRate', /not -1\.$/],
    [
      { format: 'mp3', sampleRate: 8000, bitRate: 128 },
      'bitRate',
      'mp3 at 8000 Hz takes 16, 24, 32, 40, 48, or 64 kbit/s, not 128.',
    ],
    [{ format: 'mp3', bitRate: 128_000 }, 'bitRate', /^mp3 at 24000 Hz takes .* kbit\/s, not 128000\.$/],
    [{ format: 'flac', bitRate: 64 }, 'bitRate', 'flac takes none: its bit rate follows from its sample rate.'],
  ] as const)('%o', ([asked, field, message]) => {
    const refusal = refused(() => readOutput(asked))
    expect(refusal).toMatchObject({ reason: 'invalid_input', issues: [{ field }] })
    expect(refusal.issues[0]?.message).toMatch(message)
    expect(refusal.message).toBe(`${field}: ${refusal.issues[0]?.message}`)
  })
})

describe('of a generation', () => {
  const row = toOutputRow({ format: 'mp3', sampleRate: 44_100, bitRate: 192, loudness: -19 })

  test('asked for without a word, or for what it is, is its own audio', () => {
    for (const asked of [{}, { format: 'mp3' }, { sampleRate: 44_100 }, { bitRate: 192, loudness: -19 }] as const) {
      expect(readOutputOf(row, asked)).toEqual(ownOutput(row))
    }
  })

  test('in another format has its own rate where that is enough for speech and the format tells it', () => {
    const of = (sampleRate: number, format: AudioFormat = 'mp3') => toOutputRow(readOutput({ format, sampleRate }))
    expect(readOutputOf(of(16_000), { format: 'wav' })).toMatchObject({ sampleRate: 16_000 })
    expect(readOutputOf(of(22_050), { format: 'opus' })).toMatchObject({ sampleRate: 24_000, bitRate: 48 })
    expect(readOutputOf(of(8000), { format: 'flac' })).toMatchObject({ sampleRate: 16_000 })
    expect(readOutputOf(of(16_000), { format: 'pcm' })).toMatchObject({ sampleRate: 24_000 })
    expect(readOutputOf(of(8000, 'ulaw'), { format: 'wav' })).toMatchObject({ sampleRate: 24_000 })
  })

  test('another format has its usual rate where its own is higher, and is as loud', () => {
    expect(readOutputOf(row, { format: 'wav' })).toEqual({
      format: 'wav',
      sampleRate: 24_000,
      bitRate: null,
      loudness: -19,
    })
    expect(readOutputOf(row, { format: 'ulaw' })).toMatchObject({ sampleRate: 8000 })
  })

  test('another rate has the bit rate that is usual there', () => {
    expect(readOutputOf(row, { sampleRate: 8000 })).toMatchObject({ format: 'mp3', sampleRate: 8000, bitRate: 32 })
  })

  test('another bit rate has its own sample rate, and is refused where that does not take it', () => {
    expect(readOutputOf(row, { bitRate: 64 })).toMatchObject({ format: 'mp3', sampleRate: 44_100, bitRate: 64 })
    const { issues } = refused(() => readOutputOf(row, { bitRate: 24 }))
    expect(issues[0]?.message).toMatch(/^mp3 at 44100 Hz takes 32, /)
  })

  test('another loudness changes nothing else, and null is as the engine speaks', () => {
    expect(readOutputOf(row, { loudness: -16 })).toEqual({ ...ownOutput(row), loudness: -16 })
    expect(readOutputOf(row, { loudness: null })).toEqual({ ...ownOutput(row), loudness: null })
  })

  test('in every other format, asked for without more, it can be made', () => {
    const outputs = audioFormats.flatMap((format) => takenRates(format).map((sampleRate) => ({ format, sampleRate })))
    const own = fc.constantFrom(...outputs).map((asked) => readOutput(asked))
    fc.assert(
      fc.property(own, fc.constantFrom(...audioFormats), (output, format) => {
        const read = readOutputOf(toOutputRow(output), { format })
        expect(chooseOutput(read)).toEqual(read)
        expect(ownOutput(toOutputRow(read))).toEqual(read)
      }),
    )
  })
})
