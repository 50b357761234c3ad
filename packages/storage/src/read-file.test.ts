import { open } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { readFile } from './read-file.ts'

test('ends as unavailable where the system refuses to read', async () => {
  const reading = readFile(await open(import.meta.dirname), { start: 0, end: 9 })
  await expect(buffer(reading)).rejects.toMatchObject({
    name: 'StorageError',
    code: 'unavailable',
    cause: expect.objectContaining({ code: 'EISDIR' }),
  })
})
