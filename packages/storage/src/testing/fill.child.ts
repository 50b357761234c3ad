import { randomBytes } from 'node:crypto'
import { open, readdir } from 'node:fs/promises'
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
const refuse = (error: unknown): void => {
  const { name, code } = Object(error)
  refused.push({ name, code })
}
for (const key of ['large', 'a/large', 'small']) {
  await storage.put(key, Readable.from([randomBytes(20_000), randomBytes(1_000_000)])).catch(refuse)
}
// Some file that is large and that a process which may not write one has all the same.
await using program = await open(process.execPath)
await storage.putFile('b/program', program).catch(refuse)
await storage.put('a/small', Buffer.from('fits again'))
const found = {
  refused,
  unfinished: await readdir(join(directory, '.unfinished')),
  keys: (await Array.fromAsync(storage.list(''), ({ key }) => key)).sort(),
  small: await text(await storage.read('small')),
}
process.stdout.write(JSON.stringify(found))
