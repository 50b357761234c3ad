import { z } from 'zod'
import { appRouter } from './router.ts'

/** A procedure as a sweep over all of them needs it. */
export interface ListedProcedure {
  /** Such as `generations.create`. */
  readonly path: string
  readonly type: 'query' | 'mutation' | 'subscription'
  /** The names of its input's fields at any depth. */
  readonly fields: readonly string[]
}

/** Every procedure of the router, by path: what a test goes through so that none is forgotten. */
export function listProcedures(): ListedProcedure[] {
  // tRPC types this as the tree that was given, and makes a flat record of paths of it.
  const flat = appRouter._def.procedures as unknown as Record<
    string,
    { _def: { type: ListedProcedure['type']; inputs: z.ZodType[] } }
  >
  return Object.entries(flat)
    .map(([path, { _def }]) => ({
      path,
      type: _def.type,
      fields: _def.inputs.flatMap((input) => fieldsOf(z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }))),
    }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function fieldsOf(schema: object): string[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (typeof value !== 'object' || value === null) return []
    return keyword === 'properties' ? [...Object.keys(value), ...fieldsOf(value)] : fieldsOf(value)
  })
}
