import { expect, test } from 'vitest'
import { readRedirect } from './redirect.ts'

test.each(['/', '/generations', '/generations/gen_1?from=list#text'])('%s is a way back', (redirect) => {
  expect(readRedirect({ redirect })).toEqual({ redirect })
})

test.each([
  undefined,
  3,
  '',
  'generations',
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '\\\\evil.example',
  '/a/../../..//evil.example',
  'javascript:alert(1)',
])('%j is not', (redirect) => {
  expect(readRedirect({ redirect })).toEqual({})
})
