import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bootstrap } from '@loqui/core/accounts/bootstrap'
import { Refusal } from '@loqui/core/errors'
import { verifyKey } from '@loqui/core/keys/verify'
import type { Db } from '@loqui/db/client'
import { replaceFile } from '@loqui/db/embedded-file'
import { z } from 'zod'
import type { Log } from './log.ts'

const schema = z.object({
  url: z.string(),
  email: z.string(),
  password: z.string(),
  apiKey: z.string(),
  databaseUrl: z.string(),
})

export type Credentials = z.infer<typeof schema>

export interface KeptCredentials {
  readonly credentials: Credentials
  /** The administrator was made by this start. */
  readonly isNew: boolean
}

/**
 * Keeps `credentials.json`: how to reach this installation, and the administrator that its first start made. One that
 * belongs to another database, or is gone, is made anew.
 */
export async function keepCredentials(
  directory: string,
  db: Db,
  addresses: Pick<Credentials, 'url' | 'databaseUrl'>,
  log: Log,
): Promise<KeptCredentials> {
  const path = join(directory, 'credentials.json')
  const kept = await read(path)
  const isNew = kept === null || !(await belongsTo(db, kept, log))
  const credentials = { ...(isNew ? await bootstrap(db) : kept), ...addresses }
  await replaceFile(path, `${JSON.stringify(credentials, null, 2)}\n`)
  return { credentials, isNew }
}

async function read(path: string): Promise<Credentials | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** A key that was revoked on purpose still belongs to this database. */
async function belongsTo(db: Db, { apiKey }: Credentials, log: Log): Promise<boolean> {
  try {
    const note = (_details: object, message: string): void => log(message)
    await verifyKey({ db, log: { info: note, warn: note, error: note } }, apiKey)
    return true
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error.reason !== 'api_key_invalid' && error.reason !== 'api_key_malformed'
  }
}
