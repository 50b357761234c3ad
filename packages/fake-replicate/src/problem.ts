/** A request that is answered with a status and what Replicate says with it. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, body: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>> = {}) {
    super(`${status}`)
    this.status = status
    this.body = { ...body, status }
    this.headers = headers
  }
}

export const unauthenticated = () =>
  new Problem(401, { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token' })

export const insufficientCredit = () =>
  new Problem(402, {
    title: 'Insufficient credit',
    detail:
      'You have insufficient credit to run this model. Go to https://replicate.com/account/billing to purchase credit.',
  })

export const notFound = () => new Problem(404, { detail: 'The requested resource could not be found.' })

export const invalid = (fields: readonly { readonly field: string; readonly description: string }[]) =>
  new Problem(422, {
    title: 'Input validation failed',
    detail: fields.map(({ field, description }) => `- ${field}: ${description}\n`).join(''),
    invalid_fields: fields,
  })

export const noSuchVersion = () =>
  new Problem(422, {
    title: 'Invalid version or not permitted',
    detail: "The specified version does not exist (or perhaps you don't have permission to use it?)",
  })

/** The body that many have quoted, word for word. */
export const throttled = (rate: string, seconds: number) =>
  new Problem(
    429,
    { detail: `Request was throttled. ${rate} Your rate limit resets in ~${seconds}s.`, retry_after: seconds },
    { 'retry-after': String(seconds) },
  )
