import { expect, test } from 'vitest'
import { createWavEncoder } from './wav.ts'

test('more than 4 GiB is announced as the most that RIFF can say', async () => {
  const { header } = await createWavEncoder(3_000_000_000)
  const view = new DataView(header.buffer)
  expect(view.getUint32(40, true)).toBe(0xffff_ffff - 45)
  expect(view.getUint32(4, true)).toBe(0xffff_ffff - 45 + 36)
})
