import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createDiskStorage } from '../disk.ts'

/** Stores what fits and what does not in the directory it is given, and writes what came of it as JSON. */
const [, , directory] = process.argv
if (directory === undefined) throw new Error('give a directory')
const storage = await createDiskStorage(directory)
await storage.put('small', Buffer.from('fits'))
const refused: unknown[] = []
for (const key of ['large', 'a/large', 'small']) {
  await storage.put(key, Readable.from([randomBytes(20_000), randomBytes(1_000_000)])).catch((error: unknown) => {
    const { name, code } = Object(error)
    refused.push({ name, code })
  })
}
await storage.put('a/small', Buffer.from('fits again'))
const found = {
  refused,
  unfinished: await readdir(join(directory, '.unfinished')),
  keys: (await Array.fromAsync(storage.list(''), ({ key }) => key)).sort(),
  small: await text(await storage.read('small')),
}
process.stdout.write(JSON.stringify(found))
