import { createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createInspector } from '@loqui/audio/inspect/create'
import express from 'express'
import './watch.preload.ts'

/**
 * What transfers of files are compared with. `POST` streams a body to a file as Node does it, and answers when it is on the
 * disk: `/synced` for sure, `/unsynced` as far as the kernel cares, and `/inspected` for sure and after a look at what it is.
 * `GET /file` is Express' `sendFile`.
 */
const { DIRECTORY: directory = '', FILE: file = '', PORT, PROCESSES } = process.env
const inspector = createInspector({ processes: Number(PROCESSES) })

const app = express()
app.disable('x-powered-by')
app.get('/file', (_req, res) => res.sendFile(file))

let files = 0
const server = createServer(async (req, res) => {
  if (req.method !== 'POST') return app(req, res)
  const path = join(directory, `bare-${files++}`)
  await pipeline(req, createWriteStream(path, { flush: req.url !== '/unsynced' }))
  if (req.url === '/inspected') {
    await using received = await open(path)
    await inspector.inspect(received)
  }
  res.writeHead(201, { 'content-length': 0 }).end()
  await rm(path)
})
server.listen(Number(PORT), '127.0.0.1', () => process.send?.({ ready: true }))
process.on('disconnect', () => process.exit())
