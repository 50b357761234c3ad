import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { writeStream } from './write-stream.ts'

const directory = await mkdtemp(path.join(tmpdir(), 'loqui-test-write-stream-'))
afterAll(() => rm(directory, { recursive: true }))

let files = 0
const newFile = () => open(path.join(directory, String(files++)), 'wx+')

/** As a connection gives them: each in memory of its own, or as a part of some that others are in as well. */
const chunk = fc
  .record({ length: fc.constantFrom(1, 100, 16_383, 16_384, 65_536, 200_000), isPart: fc.boolean() })
  .map(({ length, isPart }) => (isPart ? randomBytes(length + 7).subarray(3, length + 3) : randomBytes(length)))

test('a stream is written as it came, and hashed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), async (chunks) => {
      const whole = Buffer.concat(chunks)
      await using file = await newFile()
      const sha256 = createHash('sha256').update(whole).digest('hex')
      expect(await writeStream(Readable.from(chunks, { objectMode: false }), file)).toEqual({
        bytes: whole.length,
        sha256,
      })
      expect((await buffer(file.createReadStream({ start: 0, autoClose: false }))).equals(whole)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('what is written gives its memory back, unless others are in it as well', async () => {
  const alone = Buffer.from(new ArrayBuffer(65_536))
  const part = Buffer.from(new ArrayBuffer(65_537)).subarray(1)
  await using file = await newFile()
  await writeStream(Readable.from([alone, part], { objectMode: false }), file)
  expect(alone.buffer.byteLength).toBe(0)
  expect(part.buffer.byteLength).toBe(65_537)
})

test('nothing is written any more once a stream that broke off has been told of', async () => {
  const file = await newFile()
  const stream = new Readable({ read() {} })
  const writing = writeStream(stream, file)
  for (let count = 0; count < 20; count++) stream.push(randomBytes(65_536))
  await once(stream, 'data')
  stream.destroy(new Error('gone'))
  await expect(writing).rejects.toThrow('gone')
  // Closing waits for nothing of ours; what came later would be written to whatever has this number next.
  await file.close()
})

test('what the file says is what is thrown', async () => {
  await using file = await open(import.meta.filename)
  await expect(writeStream(Readable.from([randomBytes(10)]), file)).rejects.toMatchObject({ code: 'EBADF' })
})
