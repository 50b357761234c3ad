import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameReader, type Frame } from './frames.ts'

function frame(message: unknown, samples: Int16Array): Buffer {
  const json = Buffer.from(JSON.stringify(message))
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32LE(json.length, 0)
  lengths.writeUInt32LE(samples.byteLength, 4)
  return Buffer.concat([lengths, json, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)])
}

test('frames are read as they were written, in whatever pieces they come', () => {
  const frames = fc.array(fc.record({ message: fc.jsonValue(), samples: fc.int16Array({ maxLength: 50 }) }), {
    maxLength: 5,
  })
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (written, sizes) => {
      const bytes = Buffer.concat(written.map(({ message, samples }) => frame(message, samples)))
      const read = createFrameReader()
      const got: Frame[] = []
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        got.push(...read(bytes.subarray(at, at + size)))
        at += size
      }
      expect(JSON.stringify(got.map(({ message }) => message))).toBe(
        JSON.stringify(written.map(({ message }) => message)),
      )
      expect(got.map(({ samples }) => [...samples])).toEqual(written.map(({ samples }) => [...samples]))
    }),
  )
})

test.each([
  ['a JSON longer than any', [0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]],
  ['a sound longer than any', [2, 0, 0, 0, 0xfe, 0xff, 0xff, 0x7f]],
  ['half a sample', [2, 0, 0, 0, 1, 0, 0, 0]],
  ['what is no JSON', [1, 0, 0, 0, 0, 0, 0, 0, 0x7b]],
])('%s is no frame', (_, bytes) => {
  expect(() => createFrameReader()(Uint8Array.from(bytes))).toThrow()
})
