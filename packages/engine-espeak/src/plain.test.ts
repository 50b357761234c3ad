// SPDX-License-Identifier: GPL-3.0-or-later
import { expect, test } from 'vitest'
import { languageOf } from './languages.ts'
import { plain } from './plain.ts'

test.each([
  ['a < b & c > d', 'a &lt; b &amp; c &gt; d'],
  ['<break time="20s"/>', '&lt;break time="20s"/&gt;'],
  ['[[h@loU]] [[[[', '[ [h@loU]] [ [ [ ['],
  ['one\0two\nthree', 'one two three'],
  ['\u202eone\ufeff tw\u00ado\ud800', 'one two '],
  ['می\u200cآیند', 'می\u200cآیند'],
])('%j is nothing but text', (text, expected) => {
  expect(plain(text)).toBe(expected)
})

test.each([
  ['en-us', 'en-US'],
  ['cmn', 'zh'],
  ['cmn-Latn-pinyin', 'zh-Latn-pinyin'],
  ['ca-ba', 'ca-x-balear'],
  ['piqd', 'tlh'],
  ['xex', null],
])('what eSpeak calls %s is %s', (name, tag) => {
  expect(languageOf(name)).toBe(tag)
})
