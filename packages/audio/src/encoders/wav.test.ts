import { expect, test } from 'vitest'
import { tagTexts } from '../tags.ts'
import { createWavEncoder } from './wav.ts'

test('more than 4 GiB is announced as the most that RIFF can say', async () => {
  const options = { samples: 3_000_000_000, sampleRate: 24_000, bitRate: null, tags: tagTexts({ title: 'Long' }) }
  const { header, finish } = await createWavEncoder(options)
  const view = new DataView(header.buffer)
  expect(view.getUint32(40, true)).toBe(0xffff_ffff - 45)
  expect(view.getUint32(4, true)).toBe(0xffff_ffff - 45 + 36)
  expect(await finish()).toEqual(new Uint8Array())
})
