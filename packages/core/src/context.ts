import type { Assembler } from '@loqui/audio/assemble'
import type { Inspector } from '@loqui/audio/inspect/inspector'
import type { Db } from '@loqui/db/client'
import type { Hints } from '@loqui/db/hint'
import type { Listener } from '@loqui/db/listen'
import type { Queue } from '@loqui/db/queue'
import type { Engine } from '@loqui/engines/engine'
import type { Storage } from '@loqui/storage/storage'
import type { Access } from './access/watch.ts'
import type { Actor } from './actor.ts'
import type { EventFeed } from './events/feed.ts'
import type { Limits } from './limits/limits.ts'
import type { Sessions } from './sessions/sessions.ts'

/** What a process has, made once in its `main.ts`. */
export interface Services {
  readonly db: Db
  readonly queue: Queue
  readonly hints: Hints
  readonly listener: Listener
  /** Who follows what happens is told by it. */
  readonly events: EventFeed
  readonly storage: Storage
  /** By `Engine.id`. */
  readonly engines: ReadonlyMap<string, Engine>
  readonly assembler: Assembler
  readonly inspector: Inspector
  readonly sessions: Sessions
  readonly access: Access
  readonly limits: Limits
  /** Of the installation, the same in all its processes. What needs a key derives its own: see secret.ts. */
  readonly secret: Uint8Array
  readonly log: Log
}

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** The caller of a verb: what the process has, and who acts. */
export interface Context extends Services {
  readonly actor: Actor
}

/** The part of the context that a verb needs, so that its signature says what it touches. */
export type Caller<Key extends keyof Context> = Pick<Context, Key>
