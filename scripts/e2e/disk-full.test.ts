import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startLoqui, type TestServer } from '@loqui/server/testing'
import { afterAll, expect, test } from 'vitest'
import { voiceFile } from '../bench/voice-file.ts'
import { type Answered, newUpload, send } from '../prove/uploading.ts'

const home = await mkdtemp(path.join(tmpdir(), 'loqui-test-disk-full-'))
const loqui = await startLoqui({ servers: 0, workers: 0 })
const ada = await loqui.user()
const bob = await loqui.user()
afterAll(() => rm(home, { recursive: true }))

/**
 * Starts a server with a data directory of its own by a line of shell, in which `"$@"` stands for the server and
 * `"$LOQUI_DATA_DIR"` for the directory.
 */
async function startServer(line: string): Promise<{ server: TestServer; data: string }> {
  const own = await mkdtemp(path.join(home, 'server-'))
  const execPath = path.join(own, 'node')
  await writeFile(execPath, `#!/bin/sh\nset -- "${process.execPath}" "$@"\n${line}\n`, { mode: 0o700 })
  const data = path.join(own, 'data')
  await mkdir(data)
  return { server: await loqui.startServer({ LOQUI_DATA_DIR: data }, { execPath }), data }
}

/** Sends a voice of so many bytes. */
const upload = (server: TestServer, bytes: number, { key } = ada): Promise<Answered> =>
  send(server.url, newUpload(key, voiceFile(bytes)))

const full = { status: 507, body: { status: 507, title: 'Insufficient Storage', reason: 'storage_full' } }

/** What lies below a directory, but for what else the server keeps there. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
}

const fileOf = ({ body }: Answered) => `audio/samples/${body.id.replace('smp_', '')}/audio`

const uploadsUnderWay = () => loqui.db.selectFrom('upload').select('id').execute()

/** A sample is given back as it was sent. */
async function expectWhole(server: TestServer, { body }: Answered): Promise<void> {
  const response = await fetch(`${server.url}/api/v1/samples/${body.id}/audio`, {
    headers: { authorization: `Bearer ${ada.key}` },
  })
  expect((await response.arrayBuffer()).byteLength).toBe(body.bytes)
}

test('where a file may not grow any more, an upload is refused and leaves nothing, and the next one is taken', async () => {
  // 4 or 2 MiB: shells count in blocks of 1,024 or 512 bytes.
  const { server, data } = await startServer('ulimit -f 4096 && exec "$@"')
  expect(await upload(server, 6_000_000)).toMatchObject(full)
  await loqui.expectTrouble(/EFBIG/)
  expect(await filesBelow(data)).toEqual([])
  expect(await uploadsUnderWay()).toEqual([])

  const taken = await upload(server, 1_000_000)
  expect(taken.status).toBe(201)
  expect(await filesBelow(data)).toEqual([fileOf(taken)])
  await expectWhole(server, taken)
  await server.end('SIGTERM')
})

/** For this process and its children alone, which root may do, and who has a name space of their own. */
const mount = 'mount -t tmpfs -o size=8m tmpfs "$LOQUI_DATA_DIR"'
const namespace = ['--map-root-user', '--mount', 'sh', '-c']
const canMount =
  spawnSync('unshare', [...namespace, mount], { env: { ...process.env, LOQUI_DATA_DIR: home } }).status === 0

test.skipIf(!canMount)('a disk of 8 MiB takes what fits, and of what does not, nothing', async () => {
  const { server, data } = await startServer(`exec unshare ${namespace.join(' ')} '${mount} && exec "$0" "$@"' "$@"`)
  const seen = `/proc/${server.pid}/root${data}`
  expect(await upload(server, 12_000_000)).toMatchObject(full)
  await loqui.expectTrouble(/ENOSPC/)
  expect(await filesBelow(seen)).toEqual([])
  expect(await uploadsUnderWay()).toEqual([])

  const answers = await Promise.all([ada, ada, bob, bob].map((user) => upload(server, 3_000_000, user)))
  const taken = answers.filter(({ status }) => status === 201)
  const refused = answers.filter(({ status }) => status !== 201)
  for (const answer of refused) {
    expect(answer).toMatchObject(full)
    await loqui.expectTrouble(/ENOSPC/)
  }
  // Two fit, if they do not come all at once.
  const last = taken.length < 2 ? [await upload(server, 3_000_000)] : []
  expect(taken.length).toBeLessThanOrEqual(2)
  expect(last.map(({ status }) => status)).toEqual(last.map(() => 201))
  expect((await filesBelow(seen)).sort()).toEqual([...taken, ...last].map(fileOf).sort())
  expect(await uploadsUnderWay()).toEqual([])
  await server.end('SIGTERM')
})
