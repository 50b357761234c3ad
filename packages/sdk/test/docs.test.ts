import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { startLoqui } from '@loqui/server/testing'
import { afterAll, expect, test } from 'vitest'
import { installPacked } from './consumer.ts'

const server = await startLoqui()
const { key } = await server.user({ role: 'admin', planId: 'unlimited' })
const consumer = await installPacked()
afterAll(() => consumer[Symbol.asyncDispose]())

const folder = path.join(import.meta.dirname, '../../../docs/sdk')

/** The code of a page in one language, from its top to its end. */
function codeOf(page: string, language: 'ts' | 'tsx'): string {
  const blocks = readFileSync(path.join(folder, page), 'utf8').matchAll(
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'),
  )
  return [...blocks].map(([, code]) => code).join('\n')
}

const names = readdirSync(folder).filter((name) => name !== 'README.md')
const pages = names.flatMap((name) =>
  (['ts', 'tsx'] as const).flatMap((language) => {
    const code = codeOf(name, language)
    return code === '' ? [] : [{ name, file: `docs/${name.replace('.md', `.${language}`)}`, code }]
  }),
)

test('every page is in the table', () => {
  const table = readFileSync(path.join(folder, 'README.md'), 'utf8')
  for (const name of names) expect(table).toContain(`](${name})`)
})

test('every page has code, and all of it compiles', { timeout: 60_000 }, async () => {
  expect(new Set(pages.map(({ name }) => name))).toEqual(new Set(names))
  await consumer.write(Object.fromEntries(pages.map(({ file, code }) => [file, code])))
  const options = {
    types: ['node'],
    jsx: 'react-jsx',
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'],
  }
  expect(
    await consumer.typecheck(
      pages.map(({ file }) => file),
      options,
    ),
  ).toBe('')
})

test.each(pages.filter(({ file }) => file.endsWith('.ts')))(
  '$name runs from its top to its end',
  { timeout: 60_000 },
  async ({ file, code }) => {
    await consumer.write({ [file]: code })
    const env = { PATH: process.env.PATH, LOQUI_URL: server.url, LOQUI_API_KEY: key }
    const { stderr } = await promisify(execFile)(process.execPath, [file], { cwd: consumer.directory, env })
    expect(stderr).toBe('')
  },
)
