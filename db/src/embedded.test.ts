import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type EmbeddedOptions, type EmbeddedPostgres, startEmbedded } from './embedded.ts'
import { administer } from './embedded-administer.ts'
import { StartError } from './embedded-error.ts'
import { explain } from './embedded-program.ts'

/** A stopped cluster with one row, copied by every test that breaks one: making one takes half a second. */
let made: string
beforeAll(async () => {
  made = join(await mkdtemp(join(tmpdir(), 'loqui-embedded-')), 'postgres')
  const server = await startEmbedded({ directory: made, durable: false })
  await administer(server.connectionString, 'create table kept as select 1 as one')
  await server.stop()
})
afterAll(() => rm(join(made, '..'), { recursive: true, force: true }))

async function emptyDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'loqui-embedded-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  return join(parent, 'postgres')
}

async function copyOfMade(): Promise<string> {
  const directory = await emptyDirectory()
  execFileSync('cp', ['-a', made, directory])
  return directory
}

async function start(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const server = await startEmbedded({ durable: false, ...options })
  onTestFinished(() => server.stop())
  return server
}

const kept = (server: EmbeddedPostgres): Promise<unknown[]> =>
  administer(server.connectionString, 'select one from kept')

/** Starts a PostgreSQL from a process of its own, which is then killed as by `kill -9`. */
async function startAndKillParent(directory: string): Promise<{ pid: number }> {
  const script = `
    import { startEmbedded } from ${JSON.stringify(join(import.meta.dirname, 'embedded.ts'))}
    console.log((await startEmbedded(${JSON.stringify({ directory, durable: false })})).pid)
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(parent.stdout), 'line')
  parent.kill('SIGKILL')
  await once(parent, 'close')
  return { pid: Number(line) }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a second start finds the data under the same address', async () => {
  const directory = await emptyDirectory()
  const first = await startEmbedded({ directory })
  await administer(first.connectionString, 'create table kept as select 1 as one')
  await first.stop()
  await first.exited
  const second = await start({ directory })
  expect(second.connectionString).toBe(first.connectionString)
  expect(await kept(second)).toEqual([{ one: 1 }])
})

test('text is UTF-8 and sorts the same on every machine', async () => {
  const { connectionString } = await start({ directory: await copyOfMade() })
  const [row] = await administer(
    connectionString,
    `select datlocprovider, datlocale, pg_encoding_to_char(encoding) as encoding, upper('ärger') as upper
       from pg_database where datname = current_database()`,
  )
  expect(row).toEqual({ datlocprovider: 'b', datlocale: 'C.UTF-8', encoding: 'UTF8', upper: 'ÄRGER' })
})

test('the password is needed, and kept where only its owner reads it', async () => {
  const directory = await copyOfMade()
  const { connectionString } = await start({ directory })
  const url = new URL(connectionString)
  url.password = 'guessed'
  await expect(administer(url.href, 'select 1')).rejects.toThrow('password authentication failed')
  expect((await stat(join(directory, 'access.json'))).mode & 0o777).toBe(0o600)
  expect((await stat(directory)).mode & 0o077).toBe(0)
})

test('a server left behind by a killed parent is shut down, and its data is there', async () => {
  const directory = await copyOfMade()
  const { pid } = await startAndKillParent(directory)
  const lines: string[] = []
  const server = await start({ directory, onLog: (line) => lines.push(line) })
  expect(lines[0]).toContain(`process ${pid}`)
  expect(server.pid).not.toBe(pid)
  expect(await kept(server)).toEqual([{ one: 1 }])
})

test('a server killed with its processes still about starts again', async () => {
  const directory = await copyOfMade()
  const { pid } = await startAndKillParent(directory)
  process.kill(pid, 'SIGKILL')
  const server = await start({ directory })
  expect(await kept(server)).toEqual([{ one: 1 }])
})

test('a left over postmaster.pid whose number another program has is no obstacle', async () => {
  const directory = await copyOfMade()
  const bystander = spawn('sleep', ['60'])
  onTestFinished(() => void bystander.kill())
  const pidFile = join(directory, 'data/postmaster.pid')
  await writeFile(
    pidFile,
    `${bystander.pid}\n/somewhere\n1700000000\n5432\n\n127.0.0.1\n  1234567         0\nready   \n`,
  )
  const server = await start({ directory })
  expect(await kept(server)).toEqual([{ one: 1 }])
  expect(isAlive(bystander.pid ?? 0)).toBe(true)
})

test('remains of a start that died while making the database are swept', async () => {
  const directory = await emptyDirectory()
  await mkdir(`${directory}.new-abc123/data`, { recursive: true })
  await start({ directory })
  expect(await readdir(join(directory, '..'))).toEqual(['postgres'])
})

test('a start can be given up, and leaves nothing half-made', async () => {
  const directory = await emptyDirectory()
  const abort = new AbortController()
  const reason = new Error('Ctrl-C')
  const starting = startEmbedded({
    directory,
    signal: abort.signal,
    onLog: (line) => {
      if (line.startsWith('Making')) setTimeout(() => abort.abort(reason), 50)
    },
  })
  await expect(starting).rejects.toBe(reason)
  expect(await readdir(join(directory, '..'))).toEqual([])
})

describe('a directory that is not whole is left as it is, with a sentence', () => {
  async function refusal(directory: string): Promise<string> {
    const before = await readdir(directory)
    const error = await startEmbedded({ directory, durable: false }).then(
      (server) => server.stop(),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(StartError)
    expect(await readdir(directory)).toEqual(before)
    return (error as StartError).message
  }

  test('without PG_VERSION', async () => {
    const directory = await copyOfMade()
    await rm(join(directory, 'data/PG_VERSION'))
    expect(await refusal(directory)).toMatch(/is not whole \(data\/PG_VERSION is missing\): restore .* or move it away/)
  })

  test('of another PostgreSQL', async () => {
    const directory = await copyOfMade()
    await writeFile(join(directory, 'data/PG_VERSION'), '15\n')
    expect(await refusal(directory)).toMatch(/made by PostgreSQL 15, and this Loqui brings 18/)
  })

  test('without its password', async () => {
    const directory = await copyOfMade()
    await rm(join(directory, 'access.json'))
    expect(await refusal(directory)).toMatch(/access\.json.* is missing or damaged/)
  })

  test('with the password of another', async () => {
    const directory = await copyOfMade()
    await writeFile(join(directory, 'access.json'), '{"password":"other","port":0}')
    expect(await refusal(directory)).toMatch(/password in access\.json is not that of the data/)
  })

  test('with damaged files', async () => {
    const directory = await copyOfMade()
    await rm(join(directory, 'data/global/pg_control'))
    expect(await refusal(directory)).toMatch(/could not start on .*pg_control.*restore the folder from a backup/)
  })

  test('with other things in it', async () => {
    const directory = await emptyDirectory()
    await mkdir(directory)
    await writeFile(join(directory, 'holiday.jpg'), '')
    expect(await refusal(directory)).toMatch(/is not whole/)
  })

  test('that is a file', async () => {
    const directory = await emptyDirectory()
    await writeFile(directory, '')
    const error = await startEmbedded({ directory }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect(String(error)).toMatch(/a file stands in its way/)
    expect(await readFile(directory, 'utf8')).toBe('')
  })
})

describe('ports', () => {
  async function occupied(port = 0): Promise<number> {
    const server = createServer().listen(port, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  test('one that was asked for and is taken is refused before anything is made', async () => {
    const directory = await emptyDirectory()
    const port = await occupied()
    await expect(startEmbedded({ directory, port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is taken by another program`,
    )
    expect(await readdir(join(directory, '..'))).toEqual([])
  })

  test('the one of the last start gives way when it is taken', async () => {
    const directory = await copyOfMade()
    const { port } = JSON.parse(await readFile(join(directory, 'access.json'), 'utf8'))
    await occupied(port)
    const server = await start({ directory })
    expect(server.port).not.toBe(port)
    expect(JSON.parse(await readFile(join(directory, 'access.json'), 'utf8'))).toHaveProperty('port', server.port)
  })
})

describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('as root', () => {
  test('PostgreSQL runs as another user, in a group of its own', async () => {
    const { pid } = await start({ directory: await copyOfMade() })
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\s+[1-9]/m)
    expect(status).toMatch(/^Gid:\s+655[23]\d/m)
    expect(status).toMatch(/^Groups:\s*$/m)
  })

  test('files that were copied as root get their owner back', async () => {
    const directory = await emptyDirectory()
    await cp(made, directory, { recursive: true })
    expect((await stat(join(directory, 'data'))).uid).toBe(0)
    expect(await kept(await start({ directory }))).toEqual([{ one: 1 }])
  })

  test('a full disk is named, while making a database and while starting one', async () => {
    const directory = await emptyDirectory()
    const parent = join(directory, '..')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', parent])
    onTestFinished(() => void execFileSync('umount', [parent]))
    const full = /^StartError: The disk that holds .* is full: free some space and start again\.$/
    expect(String(await startEmbedded({ directory }).catch((thrown: unknown) => thrown))).toMatch(full)
    expect(await readdir(parent)).toEqual([])

    execFileSync('mount', ['-o', 'remount,size=80m', parent])
    execFileSync('cp', ['-a', made, directory])
    execFileSync('sh', ['-c', `cat /dev/zero > ${parent}/filler || true`], { stdio: 'ignore' })
    expect(String(await startEmbedded({ directory }).catch((thrown: unknown) => thrown))).toMatch(full)
    await rm(join(parent, 'filler'))
    expect(await kept(await start({ directory }))).toEqual([{ one: 1 }])
  })
})

test('a user without a name in /etc/passwd is told what PostgreSQL wants', () => {
  const said = 'initdb: error: could not look up effective user ID 54321: user does not exist'
  expect(explain(said, '/data', {}).message).toMatch(/has no entry in \/etc\/passwd.* or set DATABASE_URL/)
})
