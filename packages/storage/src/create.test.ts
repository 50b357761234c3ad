import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createStorage } from './create.ts'
import { variables } from './testing/s3-server.ts'

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'loqui-storage-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test('opens what STORAGE_URL names', async () => {
  const directory = await emptyDirectory()
  for (const url of [`file:${directory}/a%20b`, `file://${directory}/a%20b`, `FILE:${directory}/a%20b`]) {
    await (await createStorage(url)).put('key', Buffer.from(url))
  }
  expect(await readdir(join(directory, 'a b'))).toEqual(['.unfinished', 'key'])
})

test.each(['ftp://key:secret@host/audio', '/var/audio', 'file:', 's3:', ''])(
  'names what STORAGE_URL accepts when it is %j',
  async (url) => {
    const error = await createStorage(url).catch((thrown: unknown) => String(thrown))
    expect(error).toMatch(/^TypeError: STORAGE_URL accepts file: and a directory/)
    expect(error).not.toContain('secret')
  },
)

test.each(['file://secret/audio', 'file:/a%zz', 'file:a%zz', 'file:/a?secret', 'file:a#secret', 'file:/a%2Fb'])(
  'names what a directory in STORAGE_URL may be when it is %j',
  async (url) => {
    const error = await createStorage(url).catch((thrown: unknown) => String(thrown))
    expect(error).toMatch(/^TypeError: STORAGE_URL accepts file: and a directory of this machine/)
    expect(error).not.toContain('secret')
  },
)

test('names the directory of STORAGE_URL that cannot be used', async () => {
  const directory = await emptyDirectory()
  await writeFile(join(directory, 'file'), '')
  await expect(createStorage(`file:${directory}/file/below`)).rejects.toMatchObject({
    name: 'StorageError',
    code: 'unavailable',
    message: `STORAGE_URL names a directory that cannot be used: ${directory}/file/below (ENOTDIR).`,
  })
})

/** The packages that a process loads that opens a store. */
async function packagesOf(url: string): Promise<string[]> {
  const child = fork(join(import.meta.dirname, 'testing/packages.child.ts'), [url], { env: { ...variables } })
  const [packages] = await once(child, 'message')
  return packages
}

test('loads what speaks to S3 for S3 only', async () => {
  expect(await packagesOf(`file:${await emptyDirectory()}`)).toEqual([])
  expect(await packagesOf('s3://audio?endpoint=http://127.0.0.1:1')).toContain('@aws-sdk/client-s3')
})
