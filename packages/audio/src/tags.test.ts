import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Assembler } from './assemble.ts'
import { createAssembler } from './assembler.ts'
import type { AudioFormat } from './format.ts'
import { type Tags, tagTexts } from './tags.ts'
import { decodeAudio, ffmpegTags, hasFfmpeg, speechLike } from './testing.ts'
import { readHeader } from './testing-header.ts'

let assembler: Assembler
beforeAll(() => {
  assembler = createAssembler({ threads: 1 })
})
afterAll(() => assembler.close())

const tagged = ['wav', 'mp3', 'opus', 'flac'] as const
const untagged = ['aac', 'pcm', 'ulaw', 'alaw'] as const
const speech = speechLike(24_000, 10_001)
const encode = async (format: AudioFormat, tags?: Tags) => {
  const open = async () => Readable.from([Buffer.from(speech.buffer)])
  const pieces = [{ samples: speech.length, sampleRate: 24_000, pauseMs: 0, open }]
  return new Uint8Array(await buffer(assembler.encode(pieces, format, { tags, sampleRate: 24_000 })))
}

describe.for(tagged)('%s', (format) => {
  const read = async (bytes: Uint8Array<ArrayBuffer>) => {
    const { title, voice, comment, maker } = await readHeader(bytes, format)
    return { title, voice, comment, maker }
  }

  test.for(['A title', 'An odd one', 'Ünïcödé “quoted” — 日本語 👩‍🚀', 'a=b; c', 'x'.repeat(200), '長'.repeat(200)])(
    'says that it is called %j, who speaks, and that nobody did',
    async (title) => {
      const bytes = await encode(format, { title, voice: 'Angüs' })
      expect(await read(bytes)).toEqual({ title, voice: 'Angüs', comment: 'AI-generated', maker: 'Loqui' })
      if (hasFfmpeg()) expect(ffmpegTags(bytes)).toMatchObject({ title, artist: 'Angüs', comment: 'AI-generated' })
    },
  )

  test('without a title or a voice says that it is AI-generated all the same', async () => {
    for (const tags of [undefined, {}, { title: null, voice: undefined }, { title: ' \n', voice: '' }]) {
      const expected = { title: undefined, voice: undefined, comment: 'AI-generated', maker: 'Loqui' }
      expect(await read(await encode(format, tags))).toEqual(expected)
    }
  })

  test('decodes to the same, whatever it is called', async () => {
    const decoded = await decodeAudio(await encode(format), format)
    expect(await decodeAudio(await encode(format, { title: 'ÿþ\u00ff LIST data', voice: 'OggS' }), format)).toEqual(
      decoded,
    )
  })
})

test.for(untagged)('%s has no place for tags', async (format) => {
  const named = await encode(format, { title: 'A title', voice: 'Angus' })
  expect(named).toEqual(await encode(format))
  expect(Buffer.from(named).includes('A title')).toBe(false)
})

test('what would break a line or a player is not written', () => {
  expect(tagTexts({ title: 'a\r\nCOMMENT=spoken\0b\u2028c\u{d800}', voice: '\u0007' })).toEqual({
    title: 'a COMMENT=spoken b c\ufffd',
    voice: undefined,
    comment: 'AI-generated',
    maker: 'Loqui',
  })
  expect(tagTexts({ title: 'x'.repeat(5000) }).title).toHaveLength(300)
})
