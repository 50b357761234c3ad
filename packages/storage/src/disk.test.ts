import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { storageContract } from './contract.ts'
import { createStorage } from './create.ts'
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
  const modes = await Promise.all(['audio', 'audio/a', 'audio/a/b'].map((path) => stat(join(directory, path))))
  expect(modes.map(({ mode }) => mode & 0o077)).toEqual([0, 0, 0])
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

test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
  'calls a full disk full, and keeps what it had',
  async () => {
    const directory = await emptyDirectory()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory])
    onTestFinished(() => void execFileSync('umount', [directory]))
    const storage = await createDiskStorage(directory)
    await storage.put('small', Buffer.from('fits'))
    await expect(storage.put('large', Buffer.alloc(2_000_000))).rejects.toMatchObject({ code: 'full' })
    expect(await readdir(join(directory, '.unfinished'))).toEqual([])
    expect(await text(await storage.read('small'))).toBe('fits')
  },
)

test('opens what STORAGE_URL names', async () => {
  const directory = await emptyDirectory()
  for (const url of [`file:${directory}/a b`, `file://${directory}/a%20b`]) {
    await (await createStorage(url.replace(' ', '%20'))).put('key', Buffer.from(url))
  }
  expect(await readdir(join(directory, 'a b'))).toEqual(['.unfinished', 'key'])
})

test.each(['s3://key:secret@bucket/prefix', '/var/audio', 'file:', ''])(
  'names what STORAGE_URL accepts when it is %j',
  async (url) => {
    const error = await Promise.resolve()
      .then(() => createStorage(url))
      .catch((thrown: unknown) => String(thrown))
    expect(error).toMatch(/^TypeError: STORAGE_URL accepts file: and a directory/)
    expect(error).not.toContain('secret')
  },
)
