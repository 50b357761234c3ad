import fc from 'fast-check'
import { expect, test } from 'vitest'
import { estimateSpeech } from './estimate.ts'
import { hardToForesee, someSettings } from './testing.ts'
import { offlineVoices } from './voices.ts'

test('never expects more than it reserves, whatever the text', () => {
  fc.assert(
    fc.property(hardToForesee, fc.constantFrom(...offlineVoices), someSettings, (text, voice, settings) => {
      const { expectedMs, maxMs } = estimateSpeech(text, voice, settings)
      expect(expectedMs).toBeLessThanOrEqual(maxMs)
    }),
    { numRuns: 1_000 },
  )
})

test('expects no more of the shortest words than it reserves for them', () => {
  for (const voice of offlineVoices) {
    for (const word of ['a ', 'aeiou ', 'b ', '7', 'W. ', '7, ', 'CA ', 'eau, ', 'bcd. ']) {
      const { expectedMs, maxMs } = estimateSpeech(word.repeat(300 / word.length), voice, {})
      expect(expectedMs, `${word} of ${voice.id}`).toBeLessThanOrEqual(maxMs)
    }
  }
})

test('estimates as much for what is read in full as for the full words', () => {
  const of = (text: string) => estimateSpeech(text, offlineVoices[0]!, {})
  expect(of('Fresno CA and Feb')).toEqual(of('Fresno California and February'))
  expect(of("/'s/")).toEqual(of("slash 's slash"))
})
