import { platform } from 'node:os'
import { StartError } from './embedded-error.ts'
import type { Identity } from './embedded-identity.ts'

/**
 * How PostgreSQL's programs are started on a data directory: in it, in a session of their own (Ctrl-C in a terminal goes
 * to everyone in ours, and the database must outlive its clients), and with nothing of our environment.
 */
export function programOptions(data: string, { uid, gid }: Identity) {
  return {
    cwd: data,
    env: {},
    detached: true,
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  }
}

/**
 * The data directory as PostgreSQL may name it. The user that root lends it can rarely walk there from `/` (a home is
 * closed to others), but every process may reach the directory it is started in.
 */
export function seenFrom(data: string, { uid }: Identity): string {
  return uid !== undefined && platform() === 'linux' ? '/proc/self/cwd' : data
}

/** What a program of PostgreSQL died of, as a sentence. */
export function explain(output: string, directory: string, { uid }: Identity): StartError {
  if (/No space left on device|Disk quota exceeded|Check free disk space/.test(output)) {
    return new StartError(`The disk that holds ${directory} is full: free some space and start again.`)
  }
  if (/could not look up effective user ID/.test(output)) {
    return new StartError(
      `The user that runs Loqui (uid ${process.getuid?.()}) has no entry in /etc/passwd, and PostgreSQL wants one: add it, or set DATABASE_URL.`,
    )
  }
  if (uid !== undefined && /could not access directory|Permission denied/.test(output)) {
    return new StartError(
      `PostgreSQL must not run as root, and the user it runs as (uid ${uid}) cannot reach ${directory}: start Loqui as an ordinary user, or set LOQUI_DATA_DIR to a folder that everyone may enter.`,
    )
  }
  const reasons = [...output.matchAll(/(?:FATAL|PANIC|error): {1,2}(.+)/g)].map((match) => match[1])
  const reason = reasons.at(-1) ?? (output.trim().split('\n').at(-1) || 'it said nothing')
  return new StartError(
    `PostgreSQL could not start on ${directory} (${reason}): if its files are damaged, restore the folder from a backup or move it away to begin with an empty database.`,
  )
}
