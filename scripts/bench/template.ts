import { belongings } from './users.ts'
import type { Statement } from './wire.ts'

/** What stands in one place of a parameter: the same in every call, or something of the user or of the call. */
export type Part =
  | { readonly always: string }
  | { readonly of: keyof typeof belongings }
  | { readonly fresh: 'key' }
  /** A UUID of the call's own: the same number is the same one. */
  | { readonly fresh: 'uuid'; readonly number: number }

/** What one call sends, for any user. */
export interface StatementTemplate {
  readonly sql: string
  readonly params: readonly (readonly Part[] | null)[]
}

/** What a server sent while it answered one call, and whose call it was. */
export interface Sample {
  readonly user: number
  readonly idempotencyKey: string
  readonly statements: readonly Statement[]
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const moment = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d[.\\d]*Z'

/**
 * Makes a template of what two calls sent: where they differ, it must be by something known to differ.
 *
 * @throws Error naming the statement and the parameter that differ by something else.
 */
export function makeTemplate(one: Sample, other: Sample): StatementTemplate[] {
  const sqlOf = ({ statements }: Sample) => statements.map(({ sql }) => sql)
  if (JSON.stringify(sqlOf(one)) !== JSON.stringify(sqlOf(other))) {
    throw new Error(`two calls sent different statements: ${sqlOf(one).join(' | ')} — ${sqlOf(other).join(' | ')}`)
  }
  const numbers = new Map<string, number>()
  return one.statements.map(({ sql, params }, index) => ({
    sql,
    params: params.map((param, position) => {
      const parts = partsOf(one, param)
      const others = partsOf(other, other.statements[index]?.params[position] ?? null)
      return merge(parts, others, numbers, `parameter ${position + 1} of “${sql}”`)
    }),
  }))
}

/** Takes a parameter apart at everything that is known, at UUIDs, which may turn out to be anything, and at moments. */
function partsOf({ user, idempotencyKey }: Sample, param: string | null): (Part | Found)[] | null {
  if (param === null) return null
  const known = new Map<string, Part>([[idempotencyKey, { fresh: 'key' }]])
  for (const name of Object.keys(belongings) as (keyof typeof belongings)[]) {
    known.set(belongings[name].of(user), { of: name })
  }
  const places = new RegExp(
    `(${[...known.keys()].map((value) => value.replaceAll('\\', '\\\\')).join('|')}|${uuid}|${moment})`,
  )
  return param
    .split(places)
    .filter((piece) => piece !== '')
    .map((piece) => {
      if (new RegExp(`^${moment}$`).test(piece)) return { moment: piece }
      return known.get(piece) ?? (new RegExp(`^${uuid}$`).test(piece) ? { uuid: piece } : { always: piece })
    })
}

type Found = { readonly uuid: string } | { readonly moment: string }

type Parts = ReturnType<typeof partsOf>

function merge(parts: Parts, others: Parts, numbers: Map<string, number>, where: string): Part[] | null {
  if (parts === null && others === null) return null
  if (parts?.length !== others?.length) throw new Error(`${where} differs from call to call in a way nobody knows`)
  return (parts ?? []).map((part, index) => {
    const other = others?.[index]
    if ('uuid' in part && other !== undefined && 'uuid' in other) {
      if (part.uuid === other.uuid) return { always: part.uuid }
      const number = numbers.get(part.uuid) ?? numbers.size
      numbers.set(part.uuid, number)
      return { fresh: 'uuid', number }
    }
    // Any moment does.
    if ('moment' in part && other !== undefined && 'moment' in other) return { always: part.moment }
    if ('uuid' in part || 'moment' in part || JSON.stringify(part) !== JSON.stringify(other)) {
      throw new Error(`${where} differs from call to call: ${JSON.stringify(part)} and ${JSON.stringify(other)}`)
    }
    return part
  })
}
