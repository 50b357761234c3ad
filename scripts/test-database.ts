import { administer } from '@loqui/db/embedded-administer'
import { migrate } from '@loqui/db/migrate'
import type {} from '@loqui/db/testing'
import type { TestProject } from 'vitest/node'
import { temporaryDatabase } from './temporary-database.ts'

/**
 * Starts one PostgreSQL for a test run (or uses the one LOQUI_TEST_DATABASE_URL names) and migrates a template once, of
 * which every test file clones its own database.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.LOQUI_TEST_DATABASE_URL
  const server = given ? { connectionString: given, stop: async () => undefined } : await temporaryDatabase()
  const template = `loqui_template_${process.pid}`
  const teardown = async (): Promise<void> => {
    if (given) await administer(given, `drop database if exists ${template}`)
    await server.stop()
  }
  try {
    await administer(server.connectionString, `create database ${template}`)
    const url = new URL(server.connectionString)
    url.pathname = `/${template}`
    await migrate(url.href)
    // A template cannot be cloned while anybody is connected to it.
    await administer(server.connectionString, `alter database ${template} allow_connections false`)
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('testServer', { connectionString: server.connectionString, template })
  return teardown
}
