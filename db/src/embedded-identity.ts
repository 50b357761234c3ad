import { readFile } from 'node:fs/promises'
import { platform } from 'node:os'
import { StartError } from './embedded-error.ts'

/** As whom PostgreSQL runs: empty for "as ourselves". */
export interface Identity {
  readonly uid?: number
  readonly gid?: number
}

/** Ids that systemd's allocation of the 16-bit range leaves unused (systemd.io/UIDS-GIDS). */
const UNUSED_GIDS = Array.from({ length: 14 }, (_, index) => 65520 + index)

/**
 * As whom a new cluster runs. PostgreSQL refuses uid 0, so root lends it `nobody`, which every system has; initdb
 * wants a uid with a name. The group is one that nothing else uses: the kernel lets a process look into another of
 * the same user only if the groups are the same too, so other services that run as `nobody` stay outside.
 *
 * @throws {StartError} when root finds nobody to lend.
 */
export async function newIdentity(): Promise<Identity> {
  if (process.getuid?.() !== 0) return {}
  const [users, groups] = await Promise.all(['/etc/passwd', '/etc/group'].map(ids))
  const names = platform() === 'darwin' ? ['_postgres', 'daemon'] : ['nobody', 'postgres', 'daemon']
  const uid = names.map((name) => users?.get(name)).find((id) => id !== undefined && id > 0)
  const taken = new Set(groups?.values())
  const gid = UNUSED_GIDS.find((id) => !taken.has(id))
  if (uid === undefined || gid === undefined) {
    throw new StartError(
      'PostgreSQL must not run as root, and /etc/passwd names no user such as "nobody" to run it as: start Loqui as an ordinary user, or set DATABASE_URL.',
    )
  }
  return { uid, gid }
}

/** Ids by name, from a file of the form `name:x:id:…`; none when there is no such file. */
async function ids(path: string): Promise<Map<string, number>> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const rows = text.split('\n').map((line) => line.split(':'))
  return new Map(rows.map(([name, , id]) => [name ?? '', Number(id)]))
}
