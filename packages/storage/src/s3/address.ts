/** What STORAGE_URL says of a place in S3. */
export interface S3Address {
  readonly bucket: string
  /** Before every key: empty, or it ends with `/`. */
  readonly prefix: string
  /** Of a store that is not AWS's own. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
}

const accepted = 's3://bucket/prefix?endpoint=https://host&region=name, where all but the bucket may be left out'

/**
 * Parses `s3://bucket/prefix?endpoint=…&region=…`.
 *
 * @throws {TypeError} saying what is wrong by the names of its parts, and never what is in them, which may be a secret.
 */
export function parseS3Address(url: string): S3Address {
  const refuse = (what: string): never => {
    throw new TypeError(`STORAGE_URL accepts ${accepted}: ${what}`)
  }
  const parsed = URL.canParse(url) ? new URL(url) : refuse('this is no address')
  if (parsed.username !== '' || parsed.password !== '') {
    refuse('credentials do not go into it but into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  }
  if (parsed.hash !== '') refuse('it has a # in it')
  if (parsed.port !== '') refuse('it has a port, which goes into the endpoint')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(parsed.hostname))
    refuse('the bucket has no name that one can have')
  const prefix = parsed.pathname.replaceAll(/^\/+|\/+$/g, '')
  if (!/^[A-Za-z0-9._/-]*$/.test(prefix) || prefix.includes('//')) {
    refuse('the prefix may have letters, digits, dots, dashes and underscores in it, and single slashes')
  }
  for (const name of parsed.searchParams.keys()) {
    if (name !== 'endpoint' && name !== 'region') refuse('it has a parameter other than endpoint and region')
    if (parsed.searchParams.getAll(name).length > 1) refuse(`it says ${name} twice`)
  }
  const endpoint = parsed.searchParams.get('endpoint') || undefined
  if (endpoint !== undefined && !isEndpoint(endpoint)) {
    refuse('the endpoint must be an http or https address without credentials, such as https://s3.example.org')
  }
  const region = parsed.searchParams.get('region') || undefined
  if (region !== undefined && !/^[A-Za-z0-9-]+$/.test(region)) refuse('the region must be a name such as eu-central-1')
  return { bucket: parsed.hostname, prefix: prefix === '' ? '' : `${prefix}/`, endpoint, region }
}

/** An http or https address with nothing in it that is a secret. */
export function isEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return /^https?:$/.test(protocol) && username + password + search + hash === ''
}
