import { expect, test } from 'vitest'
import { type AudioFormat, sampleRates } from '../format.ts'
import { tagTexts } from '../tags.ts'
import { decodeAudio } from '../testing.ts'
import { encoders } from './encoders.ts'

const allSamples = Int16Array.from({ length: 0x1_0000 }, (_, n) => n - 0x8000)

async function roundTrip(format: AudioFormat) {
  const options = { samples: allSamples.length, sampleRate: sampleRates[0], bitRate: null, tags: tagTexts({}) }
  const codes = await (await encoders[format](options)).encode(allSamples)
  return { codes, samples: (await decodeAudio(codes, format)).samples }
}

test.for([
  // ITU-T G.711, tables 1 and 2: the codes of silence and of both ends.
  ['ulaw', { '0': 0xff, '32767': 0x80, '-32768': 0x00 }],
  ['alaw', { '0': 0xd5, '32767': 0xaa, '-32768': 0x2a }],
] as const)('%s has the codes of G.711', async ([format, expected]) => {
  const { codes } = await roundTrip(format)
  for (const [sample, code] of Object.entries(expected)) expect(codes[Number(sample) + 0x8000]).toBe(code)
})

test.for(['ulaw', 'alaw'] as const)(
  '%s is as near to each sample as its steps allow, and grows with it',
  async (format) => {
    const { samples } = await roundTrip(format)
    for (const [n, sample] of allSamples.entries()) {
      const decoded = samples[n] as number
      // A sixteenth of a segment is at most a sixteenth of what lies below it, the smallest step 16; the ends are cut off.
      const step = Math.max(16, (Math.abs(sample) + 132) / 16)
      expect(Math.abs(decoded - sample), `${sample}`).toBeLessThanOrEqual(
        Math.abs(sample) > 32_124 ? 700 : step / 2 + 1,
      )
      if (n > 0) expect(decoded).toBeGreaterThanOrEqual(samples[n - 1] as number)
    }
  },
)
