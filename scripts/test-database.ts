import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded, stopOrphan } from '@loqui/db/embedded'
import { administer } from '@loqui/db/embedded-administer'
import { migrate } from '@loqui/db/migrate'
import type {} from '@loqui/db/testing'
import type { TestProject } from 'vitest/node'

const PREFIX = 'loqui-test-'

/**
 * Starts one PostgreSQL for a test run (or uses the one LOQUI_TEST_DATABASE_URL names) and migrates a template once, of
 * which every test file clones its own database.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.LOQUI_TEST_DATABASE_URL
  const server = given ? { connectionString: given, stop: async () => undefined } : await temporaryServer()
  const template = `loqui_template_${process.pid}`
  try {
    await administer(server.connectionString, `create database ${template}`)
    const url = new URL(server.connectionString)
    url.pathname = `/${template}`
    await migrate(url.href)
    // A template cannot be cloned while anybody is connected to it.
    await administer(server.connectionString, `alter database ${template} allow_connections false`)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('testServer', { connectionString: server.connectionString, template })
  return async () => {
    if (given) await administer(given, `drop database if exists ${template}`)
    await server.stop()
  }
}

async function temporaryServer(): Promise<{ connectionString: string; stop: () => Promise<void> }> {
  await sweep()
  const home = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const server = await startEmbedded({ directory: join(home, 'postgres'), durable: false })
  // A second Ctrl-C ends the run without a teardown.
  const abandon = (): void => {
    process.kill(server.pid, 'SIGQUIT')
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', abandon)
  return {
    connectionString: server.connectionString,
    stop: async () => {
      process.off('exit', abandon)
      await server.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Runs that were killed leave their server behind. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1])
    const home = join(tmpdir(), name)
    if (!pid || isAlive(pid) || (await stat(home)).uid !== process.getuid?.()) continue
    await stopOrphan(join(home, 'postgres'))
    await rm(home, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return Object(error).code === 'EPERM'
  }
}
