import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '@loqui/db/embedded-file'

/** The secret that development signs with: made once, so that links and sessions outlive a restart. */
export async function keepSecret(directory: string): Promise<string> {
  const path = join(directory, 'secret.key')
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (kept.trim()) return kept.trim()
  const secret = randomBytes(32).toString('base64url')
  await replaceFile(path, `${secret}\n`)
  return secret
}
