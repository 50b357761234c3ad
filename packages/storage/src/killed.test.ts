import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createStorage } from './create.ts'
import { startS3Server, variables } from './testing/s3-server.ts'

const directory = await mkdtemp(join(tmpdir(), 'loqui-storage-'))
const server = await startS3Server()
afterAll(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})
for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)

/** A process that is killed while it writes an object. */
async function killWriter(url: string): Promise<void> {
  const child = fork(join(import.meta.dirname, 'testing/put.child.ts'), [url])
  const exited = once(child, 'exit')
  expect(await Promise.race([once(child, 'message'), exited])).toEqual(['half-way', undefined])
  child.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])
}

interface Place {
  readonly url: string
  /** What lies there of writes that did not end. */
  unfinished(): Promise<readonly unknown[]>
  /** Makes it as old as what nobody writes any more. */
  age(): Promise<void>
}
const aside = join(directory, '.unfinished')
const places: [string, Place][] = [
  [
    'disk',
    {
      url: `file:${directory}`,
      unfinished: () => readdir(aside),
      async age() {
        for (const name of await readdir(aside)) await utimes(join(aside, name), 0, 0)
      },
    },
  ],
  ['S3', { url: server.url('killed'), unfinished: server.unfinished, age: () => server.age(25) }],
]

describe.each(places)('%s', (_, { url, unfinished, age }) => {
  test('has nothing of what a process was writing that was killed, once that is swept', async () => {
    const storage = await createStorage(url)
    await storage.put('half', Buffer.from('before'))
    await killWriter(url)
    expect(await storage.size('half')).toBe(6)
    expect(await unfinished()).toHaveLength(1)
    expect(await storage.sweepUnfinished()).toBe(0)
    await age()
    expect(await storage.sweepUnfinished()).toBe(1)
    expect(await unfinished()).toEqual([])
    expect(await storage.size('half')).toBe(6)
  })
})
