import { v7 } from 'uuid'
import { z } from 'zod'

/** What the ids of each noun begin with on the wire. */
const prefixes = {
  user: 'usr',
  key: 'key',
  voice: 'voi',
  sample: 'smp',
  consent: 'con',
  generation: 'gen',
  entry: 'ent',
  pronunciation: 'pro',
} as const

type IdNoun = keyof typeof prefixes

export function newId(): string {
  return v7()
}

/** `gen_0197a5e2-…`: the id as it goes on the wire. */
export function wireId(noun: IdNoun, id: string): string {
  return `${prefixes[noun]}_${id}`
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

/** Reads an id from the wire into the one the database knows. */
export const idSchema = (noun: IdNoun) => {
  const prefix = prefixes[noun]
  return z
    .string()
    .regex(
      new RegExp(`^${prefix}_${uuid}$`),
      `must be the id of a ${noun}, such as ${prefix}_0197a5e2-7c1b-7def-8a2b-0123456789ab`,
    )
    .transform((id) => id.slice(prefix.length + 1))
}
