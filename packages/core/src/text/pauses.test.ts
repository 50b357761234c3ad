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
    ['<break time="1s"></break>', 1_000],
    ['<break strength="weak"> </break >', 150],
    ['<break time="1s"\n/>', 1_000],
    ['<break\n  strength = "weak"\r\n  time = "1s"\n>\n</break>', 1_000],
    ['[pause\n1.5\ns\n]', 1_500],
    [`[pause${' '.repeat(50)}1s]`, 1_000],
    ['<break time=1s/>', 1_000],
    ['<break strength=strong time=.5s />', 500],
    ['<break strength=x-weak>', 75],
    ['<break id="b1" time="1s"/>', 1_000],
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
    '[pause +1s]',
    '[pause -1s]',
    '[pause − 1s]',
    '[pause ½s]',
    '[pause 1 second and no more than that]',
    '[pause 1s <break/>]',
    '<break time="-1s"/>',
    '<break time=1 s/>',
    '<break time=1/>',
    '<break time=“1s”/>',
    '<break time="1s/>',
    '<break time=>',
    '<break strength=mighty/>',
    '<break duration="1s"/>',
    '<break 1s/>',
    '<break strength="__proto__"/>',
    '</break>',
  ])('%s is refused with what is accepted', (tag) => {
    expect(findPauses(`Well, ${tag} yes.`)).toEqual([])
    expect(findBadPause(`Well, ${tag} yes.`)).toContain(`${tag} at character 7 is no pause: it takes 0 to 10 seconds`)
  })

  test('of two in each other the inner one is found, and the rest is somebody’s words', () => {
    for (const [text, rest] of [
      ['[pause here [pause 1s] yes.', '[pause here   yes.'],
      ['[pause 2s [pause 1s] yes.', '[pause 2s   yes.'],
      ['[pause for <break time="1s"/> effect]', '[pause for   effect]'],
      ['<break [pause 1s] yes.', '<break   yes.'],
      ['<break <break time="1s"/> yes.', '<break   yes.'],
    ] as const) {
      expect(findPauses(text).map(({ ms }) => ms)).toEqual([1_000])
      expect(findBadPause(text)).toBeNull()
      expect(withoutPauses(text)).toBe(rest)
    }
  })

  test('that is refused is named by its beginning, however long it is', () => {
    const refused = findBadPause(`[pause 1${' 😀'.repeat(100_000)}]`)
    expect(refused).toMatch(/^\[pause 1( 😀)+…? ?… at character 1 is no pause/)
    expect(refused?.length).toBeLessThan(300)
    expect(refused?.isWellFormed()).toBe(true)
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
    const worst = [
      ...[
        '[pause ',
        '[pause 1s',
        '[pause -',
        '[pause 1s]',
        '[pause 1',
        '<break ',
        '<break time="',
        '<break time="1s"',
        '<',
      ],
      ...['<break>', '<break> </break', '<break time="1s"> ', '</break ', '<break/>'],
    ].map((part) => part.repeat(Math.ceil(1e6 / part.length)))
    const before = [
      '[pause ',
      '[pause -',
      '[pause 1',
      '<break ',
      '<break time',
      '<break time=',
      '<break time="',
      '<break>',
    ]
    for (const part of [' ', '\n', '1', '=', '"', 'a', 'a ', 'a= ', 'a=b ', ' a="b"', '/']) {
      for (const start of before)
        for (const end of ['', ']', '>']) worst.push(start + part.repeat(1e6 / part.length) + end)
    }
    for (const text of worst) {
      const started = performance.now()
      findPauses(text)
      findBadPause(text)
      expect(performance.now() - started, text.slice(0, 40)).toBeLessThan(3_000)
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
