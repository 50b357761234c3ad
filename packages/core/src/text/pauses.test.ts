import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findBadPause, findPauses, withoutPauses } from './pauses.ts'

describe('a pause in a text', () => {
  test.each([
    ['[pause 1.5s]', 1_500],
    ['[pause 500ms]', 500],
    ['[PAUSE  2 S]', 2_000],
    ['[pause 0s]', 0],
    ['[pause .5s]', 500],
    ['[pause 10s]', 10_000],
    ['<break time="1.5s"/>', 1_500],
    ["<break time = '250ms' />", 250],
    ['<break strength="x-strong"/>', 700],
    ['<break strength="none"/>', 0],
    ['<break strength="weak" time="3s"/>', 3_000],
    ['<break/>', 250],
    ['<break>', 250],
  ])('%s takes %i ms', (tag, ms) => {
    expect(findPauses(`Well, ${tag} yes.`)).toEqual([{ start: 6, end: 6 + tag.length, ms }])
    expect(findBadPause(`Well, ${tag} yes.`)).toBeNull()
    expect(withoutPauses(`Well, ${tag} yes.`).replace(/\s+/g, ' ')).toBe('Well, yes.')
  })

  test.each([
    '[pause 11s]',
    '[pause 10001ms]',
    '[pause 2]',
    '[pause 5 minutes]',
    '[pause 1.2.3s]',
    '<break time="20s"/>',
    '<break time="soon"/>',
    '<break time="1"/>',
    '<break strength="mighty"/>',
  ])('%s is refused with what is accepted', (tag) => {
    expect(findPauses(`Well, ${tag} yes.`)).toEqual([])
    expect(findBadPause(`Well, ${tag} yes.`)).toContain(`${tag} at character 7 is no pause: it takes 0 to 10 seconds`)
  })

  test.each(['[pause]', '[pause for effect]', '[laugh]', '<breakfast>', 'a <break', '[paused 1s]', '<em>so</em>'])(
    '%s is text',
    (text) => {
      expect(findPauses(text)).toEqual([])
      expect(findBadPause(text)).toBeNull()
      expect(withoutPauses(text)).toBe(text)
    },
  )

  test('is found in proportion to the length of the text', () => {
    for (const worst of ['[pause ', '<break ', '<break time="', '[pause 1s', '<']) {
      const started = performance.now()
      findPauses(worst.repeat(100_000))
      expect(performance.now() - started).toBeLessThan(3_000)
    }
  })

  test('leaves all other text where it was', () => {
    const parts = fc.array(fc.oneof(fc.constantFrom('[pause 1s]', '<break/>'), fc.string()), { maxLength: 10 })
    fc.assert(
      fc.property(parts, (texts) => {
        const text = texts.join('')
        let rest = text
        for (const { start, end } of findPauses(text).toReversed()) rest = `${rest.slice(0, start)} ${rest.slice(end)}`
        expect(withoutPauses(text)).toBe(rest)
      }),
    )
  })
})
