import { expect, test } from 'vitest'
import { findPauses } from './pauses.ts'
import { splitTextInTurns } from './split.ts'
import { hasMorePartsThan, splitAtPauses } from './split-at-pauses.ts'

const partsOf = async (text: string) => {
  const split = (part: string) => splitTextInTurns(part, { maxCharacters: 300 })
  return (await splitAtPauses(text, findPauses(text), split)).length
}

test.each([
  ['a blank line', 'a\n\n'],
  ['one of Windows', 'a\r\n\r\n'],
  ['one of old Macs', 'a\r\r'],
  ['one with something in it', 'a\n \t\n'],
  ['two line separators', 'a\u2028\u2028'],
  ['a paragraph separator', 'a\u2029'],
  ['a form feed', 'a\f'],
  ['a pause', 'a [pause\t1s] '],
  ['one of SSML', 'a <break\n/> '],
  ['one that is closed', 'a <break time="1s"></break>'],
  ['a pause between blank lines', 'a\n\n[pause 1s]\n\n'],
])('after %s the next part begins, as it is counted before it is split', async (_what, part) => {
  for (const text of [part.repeat(9), `[pause 1s]${part.repeat(8)}`, `\n\n${part.repeat(8)}a`]) {
    expect(await partsOf(text)).toBe(9)
    expect(hasMorePartsThan(text, 8)).toBe(true)
    expect(hasMorePartsThan(text, 9)).toBe(false)
  }
})

test.each(['a\n', 'a\r\n', 'a [pause for effect] ', 'a <breakfast> ', 'a <break '])(
  '%j begins no part',
  async (text) => {
    expect(await partsOf(text.repeat(9))).toBe(1)
    expect(hasMorePartsThan(text.repeat(9), 1)).toBe(false)
  },
)

test('pauses in a row are counted, each of which is looked before', () => {
  expect(hasMorePartsThan('[pause 1s]'.repeat(9), 8)).toBe(true)
  expect(hasMorePartsThan('[pause 1s]'.repeat(9), 9)).toBe(false)
})

test('parts are counted in proportion to the length of the text', () => {
  for (const part of ['a\n\n', '\n', '\r', '\n ', '[pause 1s]', 'a[pause 1s]', '<break/>\n\n', ' ', '\f']) {
    const started = performance.now()
    hasMorePartsThan(part.repeat(1e6 / part.length), 1e9)
    expect(performance.now() - started, part).toBeLessThan(3_000)
  }
})
