import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { storageContract } from './contract.ts'
import { createDiskStorage } from './disk.ts'

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'loqui-storage-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

storageContract('disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'loqui-storage-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return createDiskStorage(directory)
})

test('finds its objects again when it is opened a second time', async () => {
  const directory = await emptyDirectory()
  await (await createDiskStorage(directory)).put('a/b', Buffer.from('kept'))
  expect(await text(await (await createDiskStorage(directory)).read('a/b'))).toBe('kept')
})

test('leaves no half-written file behind when a write fails', async () => {
  const directory = await emptyDirectory()
  const storage = await createDiskStorage(directory)
  const body = Readable.from(
    (async function* () {
      yield Buffer.alloc(100_000)
      throw new Error('half way')
    })(),
  )
  await expect(storage.put('a/b', body)).rejects.toThrow('half way')
  expect(await readdir(join(directory, '.unfinished'))).toEqual([])
})

test('removes with an object what a killed process left of a draft of it', async () => {
  const directory = await emptyDirectory()
  const killed = await (await createDiskStorage(directory)).draft('samples/1/audio')
  await killed.file.write('half')
  const other = await (await createDiskStorage(directory)).draft('samples/2/audio')
  const storage = await createDiskStorage(directory)
  expect(await readdir(join(directory, '.unfinished'))).toHaveLength(2)
  await storage.remove(['samples/1/audio'])
  expect(await readdir(join(directory, '.unfinished'))).toHaveLength(1)
  // Should it only have been silent, it makes no object any more.
  await expect(killed.keep()).rejects.toMatchObject({ code: 'unavailable' })
  await killed[Symbol.asyncDispose]()
  await other.keep()
  await other[Symbol.asyncDispose]()
  expect(await Array.fromAsync(storage.list(''), ({ key }) => key)).toEqual(['samples/2/audio'])
})

test('sweeps what a killed process left unfinished, and leaves what may still be written', async () => {
  const directory = await emptyDirectory()
  const unfinished = join(directory, '.unfinished')
  await mkdir(unfinished)
  await writeFile(join(unfinished, 'fresh'), 'x')
  await writeFile(join(unfinished, 'abandoned'), 'x')
  const hourAgo = new Date(Date.now() - 3_601_000)
  await utimes(join(unfinished, 'abandoned'), hourAgo, hourAgo)
  await createDiskStorage(directory)
  expect(await readdir(unfinished)).toEqual(['fresh'])
})

test('lets nobody else read', async () => {
  const directory = await emptyDirectory()
  const storage = await createDiskStorage(join(directory, 'audio'))
  await storage.put('a/b', Buffer.from('x'))
  await using draft = await storage.draft('a/c')
  await draft.keep()
  const paths = ['audio', 'audio/a', 'audio/a/b', 'audio/a/c'].map((path) => join(directory, path))
  const modes = await Promise.all(paths.map((path) => stat(path)))
  expect(modes.map(({ mode }) => mode & 0o077)).toEqual([0, 0, 0, 0])
})

test('leaves no empty folders behind, and writes beside their removal', async () => {
  const directory = await emptyDirectory()
  const storage = await createDiskStorage(directory)
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const key = `same/folder/${index}`
      await storage.put(key, Buffer.from('x'))
      await storage.remove([key])
    }),
  )
  expect(await readdir(directory)).toEqual(['.unfinished'])
})

test('calls a disk that refuses unavailable', async () => {
  const directory = await emptyDirectory()
  await writeFile(join(directory, 'file'), '')
  await expect(createDiskStorage(join(directory, 'file/below'))).rejects.toMatchObject({ code: 'unavailable' })
})

test.skipIf(process.getuid?.() === 0)('calls a directory it may not write to unavailable', async () => {
  const directory = await emptyDirectory()
  const storage = await createDiskStorage(directory)
  await chmod(join(directory, '.unfinished'), 0o500)
  await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject({ code: 'unavailable' })
})

/** What a process finds that fills a disk: with the child that does it as the last arguments of a command. */
function fill(directory: string, command: readonly string[]): unknown {
  const child = join(import.meta.dirname, 'testing/fill.child.ts')
  const [program = '', ...before] = command
  return JSON.parse(execFileSync(program, [...before, process.execPath, child, directory], { encoding: 'utf8' }))
}
const filled = {
  refused: Array(3).fill({ name: 'StorageError', code: 'full' }),
  unfinished: [],
  keys: ['a/small', 'small'],
  small: 'fits',
}

test('calls a disk full on which a file may not grow, and keeps what it had', async () => {
  // 64 or 32 KiB: shells count in blocks of 1,024 or 512 bytes.
  expect(fill(await emptyDirectory(), ['sh', '-c', 'ulimit -f 64 && exec "$@"', 'sh'])).toEqual(filled)
})

const smallDisk = [
  'unshare',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs -o size=64k tmpfs "$3" && exec "$@"',
  'sh',
]
const canMount = spawnSync(smallDisk[0]!, [...smallDisk.slice(1), 'true', '', tmpdir()]).status === 0

test.skipIf(!canMount)('calls a disk full that has no space left, and keeps what it had', async () => {
  expect(fill(await emptyDirectory(), smallDisk)).toEqual(filled)
})

test('has no address of its own for an object', async () => {
  const storage = await createDiskStorage(await emptyDirectory())
  await storage.put('a', Buffer.from('x'))
  const options = { expiresInSeconds: 60, contentType: 'audio/wav', contentDisposition: 'inline' }
  expect(await storage.link('a', options)).toBeNull()
})

test('ends as unavailable the reading of a file that somebody shortens', async () => {
  const directory = await emptyDirectory()
  const storage = await createDiskStorage(directory)
  await storage.put('a', Buffer.alloc(1_000_000))
  const reading = await storage.read('a')
  await once(reading, 'readable')
  await truncate(join(directory, 'a'), 500_000)
  await expect(buffer(reading)).rejects.toMatchObject({ name: 'StorageError', code: 'unavailable' })
})

test('sweeps what was left unfinished while it runs, too', async () => {
  const directory = await emptyDirectory()
  const storage = await createDiskStorage(directory)
  const abandoned = join(directory, '.unfinished', 'abandoned')
  await writeFile(abandoned, 'x')
  await utimes(abandoned, 0, 0)
  expect(await storage.sweepUnfinished()).toBe(1)
  expect(await readdir(join(directory, '.unfinished'))).toEqual([])
})

test('leaves files that are none of its own alone', async () => {
  const directory = await emptyDirectory()
  const storage = await createDiskStorage(directory)
  for (const name of ['.DS_Store', 'Thumbs.db', 'a note']) await writeFile(join(directory, name), 'x')
  expect(await Array.fromAsync(storage.list(''))).toEqual([])
})
