import superjson, { type SuperJSONResult } from 'superjson'
import { z } from 'zod'
import { isPlain } from './plain.ts'
import { sharedText } from './shared.ts'

/** What superjson says of plain JSON is only that it is so; to find that out takes it ten times as long as it takes here. */
const serialize = (value: unknown) =>
  isTracked(value) || isPlain(value) ? { json: value } : superjson.serialize(value)

/**
 * superjson, quicker for plain JSON, which is a good part of a call, and for callers only as much of it as an input needs. What goes on
 * the wire is the same to the byte.
 */
export const transformer = {
  input: { serialize, deserialize: deserializeInput },
  output: { serialize, deserialize: superjson.deserialize },
}

const sentSchema = z.object({ json: z.unknown().optional(), meta: z.unknown().optional() })

/** What a caller may say of an input beside its JSON, in characters: superjson looks each name in it up from the beginning. */
const mostSaid = 4_096
/** In characters, the digits included: of a million of them it takes a second to make a number that no input has. */
const mostBesideBigints = 65_536
const annotation = z.tuple([z.enum(['undefined', 'number', 'Date', 'bigint'])])
const metaSchema = z.object({ values: z.union([annotation, z.record(z.string(), annotation)]).optional() })

/**
 * Reads what a caller wrote by superjson, as far as an input needs it: the rest, such as maps in maps, takes time that goes up with
 * the square of its size.
 *
 * @throws {Error} for anything else.
 */
function deserializeInput(sent: unknown): unknown {
  const read = sentSchema.safeParse(sent)
  if (!read.success) throw new TypeError('this is no input as superjson writes it')
  const { json, meta } = read.data
  if (meta === undefined || meta === null) return json
  const said = JSON.stringify(meta)
  if (said.length > mostSaid || !metaSchema.safeParse(meta).success) {
    throw new TypeError('more is said of this input than one needs')
  }
  if (said.includes('bigint') && JSON.stringify(json).length > mostBesideBigints) {
    throw new TypeError('there is no such number')
  }
  // Whatever else is wrong in it superjson says by an error.
  return superjson.deserialize(sent as SuperJSONResult, { inPlace: true })
}

/** What is sent of a subscription that tells many the same: looked at once, when it was shared. */
function isTracked(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('data' in value) || !('id' in value)) return false
  return typeof value.id === 'string' && sharedText(value.data) !== undefined && Object.keys(value).length === 2
}
