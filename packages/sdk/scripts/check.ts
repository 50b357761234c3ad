import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { installPacked } from '../test/consumer.ts'
import { bundlePage, pages } from './size.ts'

/**
 * `npm run sdk:check`: says whether the package, as it is packed, is fit to be published: publint and arethetypeswrong
 * look at it, and what pages would load of it is weighed.
 */

/** @returns what publint says against it. */
export async function findLint(tarball: string): Promise<string[]> {
  const { buffer } = await readFile(tarball)
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true })
  return messages.map((message) => formatMessage(message, pkg) ?? message.code)
}

/** @returns what arethetypeswrong says of it, and whether that is good. Only ESM is published, and resolved as such. */
export async function judgeTypes(tarball: string): Promise<{ readonly good: boolean; readonly report: string }> {
  const attw = path.join(import.meta.dirname, '../node_modules/.bin/attw')
  const args = [tarball, '--profile', 'esm-only', '--no-color', '--format', 'table']
  return promisify(execFile)(attw, args).then(
    ({ stdout }) => ({ good: true, report: stdout }),
    (error: { stdout?: string; message: string }) => ({ good: false, report: error.stdout || error.message }),
  )
}

async function check(): Promise<boolean> {
  await using consumer = await installPacked()
  const lint = await findLint(consumer.tarball)
  console.log(lint.length === 0 ? 'publint: nothing to say' : `publint:\n  ${lint.join('\n  ')}`)
  const types = await judgeTypes(consumer.tarball)
  console.log(types.report.trim())
  let fits = true
  for (const [name, { code, most }] of Object.entries(pages)) {
    const { bytes } = await bundlePage(consumer.directory, code)
    console.log(`${name}: ${bytes} of at most ${most} bytes, minified and gzipped`)
    fits &&= bytes <= most
  }
  return lint.length === 0 && types.good && fits
}

if (import.meta.main && !(await check())) process.exitCode = 1
