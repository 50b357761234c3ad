import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSigned, signPath, verifyPath } from './sign.ts'

const caller = { secret: Buffer.from('a secret') }
const path = '/api/v1/samples/smp_0197a5e2-7c1b-7def-8a2b-0123456789ab/audio'
const expiresAt = new Date('2026-12-01T00:00:00Z')

/** As a server reads an address. */
function verify(address: string, secret = caller.secret): Date {
  const url = new URL(address, 'https://voice.example.com')
  return verifyPath({ secret }, url.pathname, url.searchParams)
}

test('what was signed holds, and says when it ends', () => {
  const address = signPath(caller, path, { format: 'mp3', download: '1' }, expiresAt)
  expect(address).toMatch(/^\/api\/v1\/samples\/\S+\?format=mp3&download=1&expires=1796083200&signature=[\w-]{43}$/)
  expect(verify(address)).toEqual(expiresAt)
})

test('the order of parameters means nothing', () => {
  const [, query = ''] = signPath(caller, path, { format: 'mp3', download: '1' }, expiresAt).split('?')
  expect(verify(`${path}?${query.split('&').toReversed().join('&')}`)).toEqual(expiresAt)
})

test('signatures of another secret, and none, are invalid', () => {
  const address = signPath(caller, path, {}, expiresAt)
  const others = [
    [address, Buffer.from('another secret')],
    [address.replace(/&signature=.*/, ''), caller.secret],
    [address.replace(/signature=.*/, 'signature='), caller.secret],
    [`${address}=`, caller.secret],
    [`${address}${address.slice(address.indexOf('&signature='))}`, caller.secret],
    [path, caller.secret],
  ] as const
  for (const [given, secret] of others) expect(() => verify(given, secret), given).toThrow('not one that Loqui made')
})

test.each(['?signature=x', '?expires=1', '?a=b&expires=1&signature=x'])('%s claims to be signed', (query) => {
  expect(isSigned(new URLSearchParams(query))).toBe(true)
})
test.each(['', '?format=mp3', '?Signature=x'])('%j does not', (query) => {
  expect(isSigned(new URLSearchParams(query))).toBe(false)
})

test('no change of an address holds that changes what it asks for', () => {
  const word = fc.string({ minLength: 1, maxLength: 8 })
  const parameters = fc.dictionary(
    word.filter((name) => !/^(expires|signature|__proto__)$/.test(name)),
    word,
    { maxKeys: 4 },
  )
  const change = fc.record({
    at: fc.nat(),
    to: fc.constantFrom(...'abcXYZ019-_&=?%./'),
    how: fc.constantFrom('put', 'replace', 'drop'),
  })
  fc.assert(
    fc.property(parameters, change, (given, { at, to, how }) => {
      const address = signPath(caller, path, given, expiresAt)
      const place = at % address.length
      const changed =
        address.slice(0, place) + (how === 'drop' ? '' : to) + address.slice(place + (how === 'put' ? 0 : 1))
      const [before, after] = [address, changed].map((one) => new URL(one, 'https://voice.example.com'))
      const same =
        before?.pathname === after?.pathname &&
        JSON.stringify([...(before?.searchParams ?? [])].toSorted()) ===
          JSON.stringify([...(after?.searchParams ?? [])].toSorted())
      if (same) expect(verify(changed)).toEqual(expiresAt)
      else expect(() => verify(changed)).toThrow('not one that Loqui made')
    }),
    { numRuns: 1_000 },
  )
})
