import { randomBytes } from 'node:crypto'
import { createStorage } from '../create.ts'
import { heldStream } from './held-stream.ts'

/** Writes an object to the store that it is given the address of, and says over IPC when it is in the middle of that. */
const [, , url] = process.argv
if (url === undefined) throw new Error('give an address')
const storage = await createStorage(url)
// The third is gathered when the first has gone out as a part, where there are parts.
const { body, taken } = heldStream(randomBytes(6_000_000), randomBytes(6_000_000), randomBytes(1))
const putting = storage.put('half', body)
await taken
process.send?.('half-way')
await putting
