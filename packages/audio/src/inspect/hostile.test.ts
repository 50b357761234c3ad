import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createInspector } from './create.ts'
import { makeHostileFiles } from './testing/hostile-files.ts'
import { childrenOf, openDescriptors } from './testing/processes.ts'

const hostileFiles = await makeHostileFiles()
const directory = await mkdtemp(path.join(tmpdir(), 'loqui-test-hostile-'))
// A machine that is busy with other tests may be slower than a server may be; what a file may cost of its processor stays.
const wallMs = 120_000
const before = { descriptors: await openDescriptors(), root: await readdir('/') }
const inspector = createInspector({ processes: 2, wallMs, ffmpeg: null })

afterAll(async () => {
  expect(await childrenOf(process.pid), 'processes that still run').toEqual([])
  await inspector.close()
  expect(await openDescriptors(), 'open files').toEqual(before.descriptors)
  expect(await readdir('/'), 'what processes wrote where they ran').toEqual(before.root)
  expect(await readdir(directory), 'what processes wrote beside the file').toEqual([])
  await rm(directory, { recursive: true })
})

describe.concurrent('the right reason is given for', { timeout: wallMs }, () => {
  test.for(hostileFiles)('$name', async ({ name, bytes, reason, says }) => {
    await using file = await write(bytes)
    await expect(inspector.inspect(file), name).rejects.toMatchObject({
      name: 'InspectionRefusal',
      reason,
      message: expect.stringMatching(says),
    })
  })
})

test('there are more than sixty of them, each with a sentence of its own making', () => {
  expect(hostileFiles.length).toBeGreaterThan(60)
  expect(new Set(hostileFiles.map(({ name }) => name)).size).toBe(hostileFiles.length)
})

/** A file that is open and has no name, as an upload is. */
async function write(bytes: Uint8Array) {
  const name = path.join(directory, crypto.randomUUID())
  await writeFile(name, bytes)
  const file = await open(name)
  await rm(name)
  return file
}
