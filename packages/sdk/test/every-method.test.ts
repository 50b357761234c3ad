import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Loqui } from '../src/index.ts'

test('the consumer that is measured calls every method there is', async () => {
  const code = await readFile(path.join(import.meta.dirname, 'every-method.ts'), 'utf8')
  const loqui = new Loqui({ baseUrl: 'http://localhost:3000' })
  const methods = [
    ...methodsOf(loqui).map((name) => `loqui.${name}(`),
    ...Object.entries(loqui).flatMap(([noun, of]) => callsOf(noun, of)),
  ]
  expect(methods.length).toBeGreaterThan(45)
  expect(methods.filter((call) => !code.includes(call))).toEqual([])
})

/** `generations.create(` and its like, and those of what an object is made of. */
function callsOf(noun: string, of: object): string[] {
  const nested = Object.entries(of).filter(([, value]) => typeof value === 'object')
  const own = Object.keys(of).filter((name) => typeof Object(of)[name] === 'function')
  return [
    ...[...methodsOf(of), ...own].map((name) => `${noun}.${name}(`),
    ...nested.flatMap(([name, value]) => callsOf(`${noun}.${name}`, value)),
  ]
}

const internal = ['constructor', 'speak']

function methodsOf(of: object): string[] {
  const prototype = Object.getPrototypeOf(of)
  if (prototype === Object.prototype) return []
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === 'function' && (of instanceof Loqui || !internal.includes(name)))
    .map(([name]) => name)
    .filter((name) => name !== 'constructor')
}
