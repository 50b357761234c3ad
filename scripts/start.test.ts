import { once } from 'node:events'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { administer } from '@loqui/db/embedded-administer'
import { freePort } from '@loqui/db/embedded-port'
import { testDatabase } from '@loqui/db/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Running } from './start/lock.ts'
import { isRunning } from './start/process.ts'
import { dataDirectory, READY, start } from './start/testing.ts'

// A start builds the studio first if its sources have changed since.
vi.setConfig({ testTimeout: 90_000 })

const given = await testDatabase()

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'))

async function pidOf(data: string, service: 'server' | 'worker'): Promise<number> {
  const { children } = await readJson(join(data, 'running.json'))
  return children.find(({ command }: { command: string }) => command.includes(`apps/${service}/`)).pid
}

const postmaster = async (data: string): Promise<number> =>
  Number.parseInt(await readFile(join(data, 'postgres/data/postmaster.pid'), 'utf8'), 10)

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/ready`).then(
    (response) => response.ok,
    () => false,
  )

/** The processes of a Loqui, as they are now, to be looked at when they should be gone. */
async function processesOf(data: string): Promise<Running[]> {
  const { children } = await readJson(join(data, 'running.json'))
  return [...children, { pid: await postmaster(data), command: 'postgres' }]
}

async function stillRunning(processes: readonly Running[]): Promise<Running[]> {
  const running = await Promise.all(processes.map(isRunning))
  return processes.filter((_, index) => running[index])
}

test('the first start makes an administrator, a stop is clean, and the second start finds everything again', async () => {
  const data = await dataDirectory()
  const env = { LOQUI_DATA_DIR: data, PORT: String(await freePort()) }
  const first = start(env)
  await first.printed(READY)
  const path = join(data, 'credentials.json')
  const credentials = await readJson(path)
  expect(credentials).toEqual({
    url: `http://localhost:${env.PORT}`,
    email: expect.stringContaining('@'),
    password: expect.any(String),
    apiKey: expect.stringMatching(/^loqui_/),
    databaseUrl: expect.stringMatching(/^postgres:\/\//),
  })
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await stat(data)).mode & 0o077).toBe(0)
  await first.printed(new RegExp(credentials.password))
  expect(await isReady(credentials.url)).toBe(true)
  const processes = await processesOf(data)
  expect(await stillRunning(processes)).toHaveLength(3)

  expect(await first.stop()).toBe(0)
  expect(await stillRunning(processes)).toEqual([])
  expect(await isReady(credentials.url)).toBe(false)

  const second = start(env)
  await second.printed(READY)
  expect(await readJson(path)).toEqual(credentials)
  const accounts = await administer(credentials.databaseUrl, `select from account where role = 'admin'`)
  expect(accounts).toHaveLength(1)
  expect(await second.stop('SIGINT')).toBe(0)
  expect(second.output()).not.toContain(credentials.password)
  expect(second.output()).not.toContain(credentials.apiKey)
})

test('no statement leads its processes to the rights of an owner, also in a directory older than their login', async () => {
  const data = await dataDirectory()
  const first = start({ LOQUI_DATA_DIR: data, PORT: '0' })
  await first.printed(READY)
  const { databaseUrl } = await readJson(join(data, 'credentials.json'))
  await administer(databaseUrl, 'drop role loqui_process')
  expect(await first.stop()).toBe(0)

  const second = start({ LOQUI_DATA_DIR: data, PORT: '0' })
  await second.printed(READY)
  const logins = await administer(
    databaseUrl,
    `select distinct usename::text as login from pg_stat_activity where application_name like 'loqui%'`,
  )
  expect(logins).toEqual([{ login: 'loqui_process' }])
  const asProcess = (statement: string) =>
    administer(databaseUrl, `set session authorization loqui_process; reset role; ${statement}`)
  await asProcess('set role loqui_app; select from quota_entry')
  for (const statement of [
    `insert into quota_entry (user_id, period_start, kind, ms) values (gen_random_uuid(), now(), 'grant', 1)`,
    'update quota_entry set ms = 0',
    'delete from quota_entry',
    'update quota_account set granted_ms = 1',
    'alter table quota_entry disable trigger all',
    'set role loqui',
    `copy (select 1) to program 'true'`,
  ]) {
    await expect(asProcess(statement), statement).rejects.toMatchObject({ code: '42501' })
  }
  // Who keeps the file keeps the owner's rights.
  await administer(databaseUrl, 'select from report.quota_account; create table mine (); drop table mine')
  expect(await second.stop()).toBe(0)
})

test('what is killed is started again', async () => {
  const data = await dataDirectory()
  const loqui = start({ LOQUI_DATA_DIR: data, PORT: '0' })
  await loqui.printed(READY)
  const { url, databaseUrl } = await readJson(join(data, 'credentials.json'))

  const worker = await pidOf(data, 'worker')
  process.kill(worker, 'SIGKILL')
  await loqui.printed(/worker .* ended \(SIGKILL\)/)
  await loqui.printed(/worker .* ready/)
  expect(await pidOf(data, 'worker')).not.toBe(worker)

  process.kill(await pidOf(data, 'server'), 'SIGKILL')
  await loqui.printed(/server .* ready/)
  expect(await isReady(url)).toBe(true)

  process.kill(await postmaster(data), 'SIGKILL')
  await loqui.printed(/postgres .* ended/)
  await vi.waitFor(() => administer(databaseUrl, 'select 1'), 20_000)
  await vi.waitFor(async () => expect(await isReady(url)).toBe(true), 20_000)
  expect(await loqui.stop()).toBe(0)
})

test('a start that was killed is no obstacle to the next', async () => {
  const data = await dataDirectory()
  const env = { LOQUI_DATA_DIR: data, PORT: String(await freePort()) }
  const first = start(env)
  await first.printed(READY)
  const processes = await processesOf(data)
  expect(await stillRunning(processes)).toHaveLength(3)
  const credentials = await readJson(join(data, 'credentials.json'))
  await first.stop('SIGKILL')

  const second = start(env)
  await second.printed(READY)
  expect(await stillRunning(processes)).toEqual([])
  expect(await readJson(join(data, 'credentials.json'))).toEqual(credentials)
  expect(await second.stop()).toBe(0)
})

test('of two starts at the same time exactly one wins, and the other names it', async () => {
  const data = await dataDirectory()
  const rivals = [start({ LOQUI_DATA_DIR: data, PORT: '0' }), start({ LOQUI_DATA_DIR: data, PORT: '0' })]
  const outcomes = await Promise.all(
    rivals.map(async (rival) => Promise.race([rival.printed(READY).then(() => 'ready'), rival.ended])),
  )
  expect(outcomes.toSorted()).toEqual([1, 'ready'])
  const winner = rivals[outcomes.indexOf('ready')]!
  const loser = rivals[outcomes.indexOf(1)]!
  expect(loser.output()).toContain(`already runs on ${data}, as process ${winner.child.pid}`)
  expect(await winner.stop()).toBe(0)
})

test('a stop while it is still starting is a clean stop', async () => {
  const data = await dataDirectory()
  const loqui = start({ LOQUI_DATA_DIR: data, PORT: '0' })
  await loqui.printed(/Making a new database/)
  expect(await loqui.stop('SIGINT')).toBe(0)
  expect(loqui.output()).not.toMatch(READY)
  expect((await readdir(data)).toSorted()).toEqual(['lock', 'running.json'])
})

test.each(['SIGTERM', 'SIGINT'] as const)('npm passes %s on, and ends with 0', async (signal) => {
  const data = await dataDirectory()
  const npm = start({ LOQUI_DATA_DIR: data, PORT: '0', DATABASE_URL: given.connectionString }, [
    'npm',
    'start',
    '--ignore-scripts',
  ])
  await npm.printed(READY)
  const { children } = await readJson(join(data, 'running.json'))
  expect(await npm.stop(signal)).toBe(0)
  expect(await stillRunning(children)).toEqual([])
  expect(npm.output()).not.toMatch(/ {4}at /)
})

test('Ctrl-C in a terminal, which npm doubles, stops in order', async () => {
  const data = await dataDirectory()
  const npm = start({ LOQUI_DATA_DIR: data, PORT: '0', DATABASE_URL: given.connectionString }, [
    'npm',
    'start',
    '--ignore-scripts',
  ])
  await npm.printed(READY)
  process.kill(-(npm.child.pid ?? 0), 'SIGINT')
  await npm.ended
  expect(npm.output()).toMatch(/Stopped\s*$/)
})

test('with DATABASE_URL there is no embedded PostgreSQL, and a file of another database gives way', async () => {
  const data = await dataDirectory()
  await mkdir(data)
  await writeFile(join(data, 'credentials.json'), '{"apiKey":"loqui_of_another"}')
  const loqui = start({ LOQUI_DATA_DIR: data, PORT: '0', DATABASE_URL: given.connectionString })
  await loqui.printed(READY)
  expect(await readJson(join(data, 'credentials.json'))).toHaveProperty('databaseUrl', given.connectionString)
  expect(await readdir(data)).not.toContain('postgres')
  expect(await loqui.stop()).toBe(0)
})

test('production needs a secret, and makes no administrator', async () => {
  const data = await dataDirectory()
  const env = {
    LOQUI_DATA_DIR: data,
    PORT: '0',
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    DATABASE_URL: given.connectionString,
  }
  const without = start(env)
  expect(await without.ended).toBe(1)
  expect(without.output()).toMatch(/SECRET_KEY must be set in production/)
  const loqui = start({ ...env, SECRET_KEY: 'q8Jx0bM3vT6nR2yLw9ZsK5dHfG7pC1aE' })
  await loqui.printed(READY)
  expect(await readdir(data)).not.toContain('credentials.json')
  expect(await readdir(data)).not.toContain('secret.key')
  expect(await loqui.stop()).toBe(0)
})

describe('what stands in the way is named in one sentence', () => {
  async function refusal(env: NodeJS.ProcessEnv): Promise<string> {
    const loqui = start({ PORT: '0', ...env })
    expect(await loqui.ended).toBe(1)
    expect(loqui.output()).not.toMatch(/ {4}at /)
    return loqui.output()
  }

  test('a taken port, before anything is made', async () => {
    const data = await dataDirectory()
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    expect(await refusal({ LOQUI_DATA_DIR: data, PORT: String(port) })).toContain(`Port ${port} on 127.0.0.1 is taken`)
    expect(await readdir(data)).not.toContain('postgres')
  })

  test('a broken database', async () => {
    const data = await dataDirectory()
    await mkdir(join(data, 'postgres/data'), { recursive: true })
    expect(await refusal({ LOQUI_DATA_DIR: data })).toMatch(/is not whole .* restore the folder from a backup/)
  })

  test('a data directory that cannot be made', async () => {
    const data = await dataDirectory()
    await writeFile(data, '')
    expect(await refusal({ LOQUI_DATA_DIR: data })).toMatch(/a file stands in its way/)
  })

  test.runIf(process.platform === 'linux')('a data directory that may not be written to', async () => {
    expect(await refusal({ LOQUI_DATA_DIR: '/sys/loqui' })).toMatch(/may not use \/sys\/loqui/)
  })

  test('a database that does not answer', async () => {
    const data = await dataDirectory()
    const url = `postgres://someone:hunter2@127.0.0.1:${await freePort()}/loqui`
    const output = await refusal({ LOQUI_DATA_DIR: data, DATABASE_URL: url })
    expect(output).toMatch(/DATABASE_URL cannot be used.*ECONNREFUSED/)
    expect(output).not.toContain('hunter2')
  })

  test('a variable that cannot be read', async () => {
    expect(await refusal({ LOQUI_DATA_DIR: await dataDirectory(), PORT: 'eighty' })).toContain(
      'PORT must be a number from 0 to 65535',
    )
  })
})

test('a worker that cannot start ends the start, with what it said', async () => {
  const data = await dataDirectory()
  const loqui = start({
    LOQUI_DATA_DIR: data,
    PORT: '0',
    DATABASE_URL: given.connectionString,
    WORKER_CONCURRENCY: '0',
  })
  expect(await loqui.ended).toBe(1)
  expect(loqui.output()).toMatch(/worker .*WORKER_CONCURRENCY/)
  expect(loqui.output()).toMatch(/The worker could not start/)
})
