import { open } from 'node:fs/promises'
import { afterAll, expect, test } from 'vitest'
import { createInspector } from './create.ts'

const inspector = createInspector({ processes: 2 })
afterAll(() => inspector.close())

const fixture = (name: string) => open(new URL(`../../fixtures/${name}`, import.meta.url))

test('a file is measured by its content', async () => {
  await using file = await fixture('jfk.flac')
  expect(await inspector.inspect(file)).toMatchObject({
    container: 'flac',
    codec: 'flac',
    durationMs: 11_000,
    sampleRate: 44_100,
    channels: 2,
  })
})
