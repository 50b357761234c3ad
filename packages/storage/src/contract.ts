import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Storage, StorageError } from './storage.ts'
import { heldStream } from './testing/held-stream.ts'

/** What every store must do, whatever it is made of. `open` gives an empty one. */
export function storageContract(name: string, open: () => Promise<Storage>): void {
  describe(name, () => {
    let storage: Storage
    beforeEach(async () => {
      storage = await open()
    })

    const bytesOf = async (key: string, range?: { start: number; end: number }): Promise<Buffer> =>
      buffer(await storage.read(key, range))
    const keysBelow = async (prefix: string): Promise<string[]> =>
      (await Array.fromAsync(storage.list(prefix), ({ key }) => key)).sort()

    test('gives back the bytes it was given, with their number and hash', async () => {
      const bytes = randomBytes(700_001)
      const stored = await storage.put('generations/0190/audio.wav', bytes)
      expect(stored).toEqual({ bytes: 700_001, sha256: createHash('sha256').update(bytes).digest('hex') })
      expect((await bytesOf('generations/0190/audio.wav')).equals(bytes)).toBe(true)
      expect(await storage.size('generations/0190/audio.wav')).toBe(700_001)
    })

    test('takes a stream of unknown length', async () => {
      const parts = [randomBytes(10), randomBytes(300_000), randomBytes(1)]
      const stored = await storage.put('a/streamed', Readable.from(parts))
      expect(stored.bytes).toBe(300_011)
      expect((await bytesOf('a/streamed')).equals(Buffer.concat(parts))).toBe(true)
    })

    test('takes a stream of many megabytes', async () => {
      const parts = Array.from({ length: 30 }, () => randomBytes(400_001))
      const stored = await storage.put('large', Readable.from(parts))
      const whole = Buffer.concat(parts)
      expect(stored).toEqual({ bytes: 12_000_030, sha256: createHash('sha256').update(whole).digest('hex') })
      expect((await bytesOf('large')).equals(whole)).toBe(true)
      expect(
        (await bytesOf('large', { start: 9_999_990, end: 10_000_009 })).equals(whole.subarray(9_999_990, 10_000_010)),
      ).toBe(true)
    })

    test('takes many megabytes at once, in memory or as one chunk of a stream', async () => {
      const bytes = randomBytes(11_000_000)
      const stored = await Promise.all([storage.put('whole', bytes), storage.put('chunk', Readable.from([bytes]))])
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      expect(stored).toEqual(Array(2).fill({ bytes: 11_000_000, sha256 }))
      expect((await bytesOf('chunk')).equals(bytes)).toBe(true)
    })

    test('makes an object of a draft when it is kept, and not before', async () => {
      const bytes = randomBytes(6_000_001)
      await using draft = await storage.draft('a/draft')
      for (const part of [bytes.subarray(0, 1_000), bytes.subarray(1_000)]) await draft.file.write(part)
      await draft.file.read(Buffer.alloc(10), 0, 10, 0)
      expect(await storage.size('a/draft')).toBeNull()
      expect(await keysBelow('')).toEqual([])
      await draft.keep()
      expect(await keysBelow('')).toEqual(['a/draft'])
      expect((await bytesOf('a/draft')).equals(bytes)).toBe(true)
    })

    test('writes a draft anywhere, also over what it holds', async () => {
      await using draft = await storage.draft('a')
      await draft.write(Buffer.from('later, and the rest'), 0)
      await draft.write(Buffer.from('!'), 19)
      await draft.write(Buffer.from('known'), 0)
      await draft.write(new Uint8Array(), 0)
      await draft.keep()
      expect((await bytesOf('a')).toString()).toBe('known, and the rest!')
    })

    test('keeps nothing of a draft that is not kept, and can have another one of it', async () => {
      await storage.put('a', Buffer.from('before'))
      for (const bytes of [randomBytes(1_000), randomBytes(6_000_000)]) {
        await using draft = await storage.draft('a')
        await draft.file.write(bytes)
      }
      expect(await keysBelow('')).toEqual(['a'])
      expect((await bytesOf('a')).toString()).toBe('before')
    })

    test('replaces an object by a draft that holds nothing', async () => {
      await storage.put('a', Buffer.from('old'))
      await using draft = await storage.draft('a')
      await draft.keep()
      expect(await storage.size('a')).toBe(0)
    })

    test('keeps no draft once it is aborted', async () => {
      await using draft = await storage.draft('a')
      const reason = new Error('the person closed the page')
      await expect(draft.keep({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      expect(await keysBelow('')).toEqual([])
    })

    test('holds an empty object', async () => {
      await storage.put('empty', new Uint8Array())
      expect(await storage.size('empty')).toBe(0)
      expect(await bytesOf('empty')).toHaveLength(0)
    })

    test('replaces an object whole', async () => {
      await storage.put('a', Buffer.from('a longer first version'))
      await storage.put('a', Buffer.from('second'))
      expect((await bytesOf('a')).toString()).toBe('second')
    })

    test('lets a reader finish the version it opened', async () => {
      const first = randomBytes(2_000_000)
      await storage.put('a', first)
      const reading = await storage.read('a')
      await storage.put('a', Buffer.from('second'))
      expect((await buffer(reading)).equals(first)).toBe(true)
    })

    test('leaves one whole version when two writers meet', async () => {
      const versions = Array.from({ length: 8 }, () => randomBytes(300_000))
      await Promise.all(versions.map((bytes) => storage.put('contested', bytes)))
      const found = await bytesOf('contested')
      expect(versions.some((bytes) => bytes.equals(found))).toBe(true)
    })

    test.each([
      { start: 0, end: 0, expected: '0' },
      { start: 2, end: 4, expected: '234' },
      { start: 9, end: 9, expected: '9' },
      { start: 7, end: 100, expected: '789' },
      { start: 10, end: 20, expected: '' },
    ])('reads bytes $start to $end', async ({ start, end, expected }) => {
      await storage.put('digits', Buffer.from('0123456789'))
      expect((await bytesOf('digits', { start, end })).toString()).toBe(expected)
    })

    test.each([
      [-1, 3],
      [4, 3],
    ])('refuses the range %d to %d', async (start, end) => {
      await storage.put('digits', Buffer.from('0123456789'))
      await expect(storage.read('digits', { start, end })).rejects.toThrow(RangeError)
    })

    test('says that an object is missing', async () => {
      await storage.put('there/is-this', Buffer.from('x'))
      for (const key of ['nothing', 'there', 'there/is-this/below']) {
        const error = await storage.read(key).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(StorageError)
        expect(error).toHaveProperty('code', 'missing')
        expect(await storage.size(key)).toBeNull()
      }
    })

    test('removes objects, and does not mind those that are not there', async () => {
      await storage.put('a/1', Buffer.from('1'))
      await storage.put('a/2', Buffer.from('2'))
      await storage.remove(['a/1', 'a/never', 'a', 'b/never'])
      expect(await keysBelow('')).toEqual(['a/2'])
      await storage.remove(['a/2'])
      expect(await keysBelow('')).toEqual([])
      await storage.put('a', Buffer.from('a name that was a folder before'))
      expect(await keysBelow('')).toEqual(['a'])
    })

    test('lists and removes more than a store does at once', async () => {
      const keys = Array.from({ length: 120 }, (_, index) => `many/${String(index).padStart(4, '0')}`)
      await Promise.all(keys.map((key) => storage.put(key, Buffer.from('x'))))
      expect(await keysBelow('many/')).toEqual(keys)
      const neverThere = Array.from({ length: 1_000 }, (_, index) => `many/never-${index}`)
      await storage.remove([...neverThere, ...keys.slice(1)])
      expect(await keysBelow('')).toEqual(['many/0000'])
    })

    test('lets go of a stream that is not read to its end', async () => {
      await storage.put('large', randomBytes(3_000_000))
      const reading = await storage.read('large')
      await once(reading, 'readable')
      reading.destroy()
      await once(reading, 'close')
      expect(await storage.size('large')).toBe(3_000_000)
    })

    test('lists what begins with a prefix', async () => {
      const before = Date.now()
      for (const key of ['gen/01/a.wav', 'gen/01/b.wav', 'gen/02/a.wav', 'genx/1', 'samples/1']) {
        await storage.put(key, Buffer.from(key))
      }
      expect(await keysBelow('')).toEqual(['gen/01/a.wav', 'gen/01/b.wav', 'gen/02/a.wav', 'genx/1', 'samples/1'])
      expect(await keysBelow('gen/')).toEqual(['gen/01/a.wav', 'gen/01/b.wav', 'gen/02/a.wav'])
      expect(await keysBelow('gen')).toEqual(['gen/01/a.wav', 'gen/01/b.wav', 'gen/02/a.wav', 'genx/1'])
      expect(await keysBelow('gen/01/b')).toEqual(['gen/01/b.wav'])
      expect(await keysBelow('nothing/')).toEqual([])
      const [entry] = await Array.fromAsync(storage.list('samples/'))
      expect(entry).toMatchObject({ key: 'samples/1', bytes: 9 })
      // A file system may keep whole seconds only.
      expect(Number(entry?.modifiedAt)).toBeGreaterThanOrEqual(before - 2_000)
    })

    test('stores nothing when the stream fails, and throws what the stream threw', async () => {
      const failure = new Error('the decoder gave up')
      const body = Readable.from(
        (async function* () {
          yield randomBytes(100_000)
          throw failure
        })(),
      )
      await expect(storage.put('broken', body)).rejects.toBe(failure)
      expect(await keysBelow('')).toEqual([])
    })

    test('stores nothing when the stream is cut off', async () => {
      const body = new Readable({ read() {} })
      body.push(randomBytes(1_000))
      const putting = storage.put('cut', body)
      body.destroy()
      await expect(putting).rejects.toThrow()
      expect(await keysBelow('')).toEqual([])
    })

    test('stops at once when it is aborted, even while the stream is silent', async () => {
      const abort = new AbortController()
      const reason = new Error('the person closed the page')
      const body = new Readable({ read() {} })
      body.push(randomBytes(1_000))
      const putting = storage.put('aborted', body, { signal: abort.signal })
      abort.abort(reason)
      await expect(putting).rejects.toBe(reason)
      expect(body.destroyed).toBe(true)
      const unread = new Readable({ read() {} })
      await expect(storage.put('aborted', unread, { signal: abort.signal })).rejects.toBe(reason)
      expect(unread.destroyed).toBe(true)
      await expect(storage.put('aborted', randomBytes(10), { signal: abort.signal })).rejects.toBe(reason)
      expect(await keysBelow('')).toEqual([])
    })

    test('keeps the old version when a replacement fails', async () => {
      await storage.put('a', Buffer.from('old'))
      const body = Readable.from(
        (async function* () {
          yield Buffer.from('new')
          throw new Error('half way')
        })(),
      )
      await expect(storage.put('a', body)).rejects.toThrow('half way')
      expect((await bytesOf('a')).toString()).toBe('old')
    })

    test.each([
      '',
      '/',
      '/etc/passwd',
      '../up',
      'a/../../up',
      'a/./b',
      'a//b',
      'a/',
      '.hidden',
      'a/.hidden',
      'A',
      'ä',
      'a\0b',
      'a\\b',
      'a b',
      'x'.repeat(501),
    ])('refuses %j as a key', async (key) => {
      await expect(storage.put(key, Buffer.from('x'))).rejects.toThrow(RangeError)
      await expect(storage.draft(key)).rejects.toThrow(RangeError)
      await expect(storage.read(key)).rejects.toThrow(RangeError)
      await expect(storage.size(key)).rejects.toThrow(RangeError)
      await expect(storage.remove([key])).rejects.toThrow(RangeError)
      const link = { expiresInSeconds: 60, contentType: 'audio/wav', contentDisposition: 'inline' }
      await expect(storage.link(key, link)).rejects.toThrow(RangeError)
    })

    test.each([0, 1.5, 604_801, Number.NaN])('refuses a link that lives for %d seconds', async (expiresInSeconds) => {
      const link = storage.link('a', { expiresInSeconds, contentType: 'audio/wav', contentDisposition: 'inline' })
      await expect(link).rejects.toThrow(RangeError)
    })

    test('leaves what is written now when it sweeps', async () => {
      const { body, taken, end } = heldStream(randomBytes(6_000_000), randomBytes(1))
      const putting = storage.put('under-way', body)
      await taken
      expect(await storage.sweepUnfinished()).toBe(0)
      end()
      expect(await putting).toMatchObject({ bytes: 6_000_001 })
      expect(await storage.size('under-way')).toBe(6_000_001)
    })

    test.each(['../', '/', 'a/../', 'gen//'])('refuses %j as a prefix', async (prefix) => {
      await expect(Array.fromAsync(storage.list(prefix))).rejects.toThrow(RangeError)
    })
  })
}
