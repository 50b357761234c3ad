/** Where the request cannot have left. Anything else may have been heard. */
const unreached = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Whether a request that ended in an error of this code was certainly never heard. */
export const cannotHaveLeft = (code: string | undefined): boolean =>
  code !== undefined && (unreached.has(code) || code.startsWith('CERT_') || code.startsWith('ERR_TLS_'))

/** The code of a network error. `fetch` hides it in the cause; where several addresses were tried, in the first of them. */
export function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at instanceof AggregateError ? at.errors[0] : at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return undefined
}
