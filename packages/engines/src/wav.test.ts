import { expect, test } from 'vitest'
import { decodeWav } from './wav.ts'

/** @param write puts the samples of one channel after the other, frame by frame. */
function wav(
  tag: number,
  bits: number,
  channels: number,
  data: Buffer,
  { length = data.length, extra = '' } = {},
): Buffer {
  const header = Buffer.alloc(20 + 16)
  header.write('RIFF', 0)
  header.writeUInt32LE(0xffffffff, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(tag, 20)
  header.writeUInt16LE(channels, 22)
  header.writeUInt32LE(24_000, 24)
  header.writeUInt32LE((24_000 * channels * bits) / 8, 28)
  header.writeUInt16LE((channels * bits) / 8, 32)
  header.writeUInt16LE(bits, 34)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(length)
  return Buffer.concat([header, Buffer.from(extra, 'latin1'), Buffer.from('data'), size, data])
}

const floats = (...values: number[]) => {
  const data = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) data.writeFloatLE(value, index * 4)
  return data
}

test.each<[string, Buffer, number[]]>([
  ['16 bits', wav(1, 16, 1, Buffer.from([0, 0, 0xff, 0x7f, 0, 0x80])), [0, 32_767, -32_768]],
  ['24 bits', wav(1, 24, 1, Buffer.from([0, 0, 0, 0xff, 0xff, 0x7f, 0, 0, 0x80])), [0, 32_767, -32_768]],
  ['32 bits', wav(1, 32, 1, Buffer.from([0, 0, 1, 0, 0, 0, 0xff, 0xff])), [1, -1]],
  [
    'floating point, held to what 16 bits can say',
    wav(3, 32, 1, floats(0, 0.5, -1, 2, Number.NaN)),
    [0, 16_384, -32_768, 32_767, 0],
  ],
  ['stereo, by its mean', wav(1, 16, 2, Buffer.from([10, 0, 20, 0, 30, 0, 40, 0])), [15, 35]],
  [
    'a list before the sound, of odd length',
    wav(1, 16, 1, Buffer.from([5, 0]), { extra: 'LIST\u0003\0\0\0abc\0' }),
    [5],
  ],
  ...[0, 0xffffffff, 0xffffffff - 36, 0x7fffffff, 0x7fffffff - 36].map((length): [string, Buffer, number[]] => [
    `the length ${length}, which was not known when it was written`,
    wav(1, 16, 1, Buffer.from([5, 0]), { length }),
    [5],
  ]),
])('reads %s', (_, file, samples) => {
  expect(decodeWav(file)).toEqual({ samples: Int16Array.from(samples), sampleRate: 24_000 })
})

test.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['a page', Buffer.from('<!doctype html><title>Sign in</title>')],
  ['an MP3 file', Buffer.from('ID3\u0004'.padEnd(100, 'x'))],
  ['a file that ends before it says', wav(1, 16, 1, Buffer.alloc(10), { length: 100 })],
  ['a file without sound', wav(1, 16, 1, Buffer.alloc(0), { length: 0 })],
  ['a file that is its header', wav(1, 16, 1, Buffer.alloc(0)).subarray(0, 30)],
  ['eight bits', wav(1, 8, 1, Buffer.alloc(10))],
  ['six channels', wav(1, 16, 6, Buffer.alloc(24))],
  ['compressed sound', wav(2, 4, 1, Buffer.alloc(10))],
])('refuses %s', (_, file) => {
  expect(() => decodeWav(file)).toThrow(expect.objectContaining({ code: 'bad_output', retryable: true }))
})
