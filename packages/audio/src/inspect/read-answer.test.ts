import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Inspection, peakCount } from './inspector.ts'
import { readAnswer } from './read-answer.ts'
import { InspectionRefusal, inspectionReasons } from './refusal.ts'
import { writeAnswer } from './write-answer.ts'

const inspection: Inspection = {
  container: 'ogg',
  codec: 'opus',
  durationMs: 11_000,
  sampleRate: 48_000,
  channels: 2,
  peaks: Uint8Array.from({ length: peakCount }, (_, n) => n % 256),
  measured: {
    loudnessLufs: -12.45,
    peakDbfs: -2.1,
    speechMs: 7210,
    clippedShare: 0,
    noiseDbfs: -41,
    pitchHz: null,
    syllablesPerSecond: 3.05,
  },
}

test('an answer arrives as it was written', () => {
  expect(readAnswer(writeAnswer(inspection))).toEqual(inspection)
})

test.for(inspectionReasons)('a refusal for %s arrives as one', (reason) => {
  const written = writeAnswer(new InspectionRefusal(reason, 'The file is text; give wav.'))
  expect(() => readAnswer(written)).toThrow(expect.objectContaining({ reason, message: 'The file is text; give wav.' }))
})

const text = writeAnswer(inspection)
test.for([
  ['nothing', ''],
  ['half of one', text.slice(0, 500)],
  ['two of them', text + text],
  ['one with more in it', text.replace('"codec"', '"path":"/etc/passwd","codec"')],
  ['another container', text.replace('"ogg"', '"exe"')],
  ['a codec that is a sentence', text.replace('"opus"', '"<script>"')],
  ['a length that is none', text.replace('11000', '-1')],
  ['a length that is too long', text.replace('11000', '900001')],
  ['a thousand channels', text.replace('"channels":2', '"channels":1000')],
  ['half a waveform', text.replace(/"peaks":".{40}/, '"peaks":"')],
  ['a reason that there is not', '{"refused":{"reason":"internal","message":"x"}}'],
  ['a reason without a sentence', '{"refused":{"reason":"audio_silent","message":""}}'],
  ['a sentence without an end', JSON.stringify({ refused: { reason: 'audio_silent', message: 'x'.repeat(301) } })],
])('%s is no answer', ([, answer]) => {
  expect(() => readAnswer(String(answer))).toThrow()
  expect(() => readAnswer(String(answer))).not.toThrow(InspectionRefusal)
})

test('a byte that is another one makes no other sample', () => {
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' }),
      (at, byte) => {
        let read: Inspection
        try {
          read = readAnswer(text.slice(0, at) + byte + text.slice(at + 1))
        } catch {
          return
        }
        expect(read.peaks).toHaveLength(peakCount)
        expect(read.durationMs).toBeGreaterThanOrEqual(1000)
        expect(read.channels).toBeLessThanOrEqual(8)
      },
    ),
  )
})
