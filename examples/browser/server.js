// LOQUI_URL=… LOQUI_API_KEY=… node server.js, with http://127.0.0.1:8080 in the ALLOWED_ORIGINS of that Loqui

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { Loqui } from '@loqui/sdk'

const baseUrl = process.env.LOQUI_URL
const port = Number(process.env.PORT ?? 8080)
// The key stays here. Pages get tokens that may do less, for ten minutes.
const loqui = new Loqui({ baseUrl, apiKey: process.env.LOQUI_API_KEY })

const files = {
  '/': ['text/html', new URL('index.html', import.meta.url)],
  '/loqui.js': ['text/javascript', import.meta.resolve('@loqui/sdk/browser')],
}

createServer(async (request, response) => {
  try {
    if (request.method === 'POST' && request.url === '/token') {
      // Here you would ask who it is: whoever gets a token speaks at your cost.
      const { token } = await loqui.tokens.create({
        scopes: ['generations:write', 'generations:read', 'voices:read'],
        expiresInSeconds: 600,
      })
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ baseUrl, token }))
      return
    }
    const file = files[request.url]
    if (!file) return response.writeHead(404).end()
    response.setHeader('content-type', file[0]).end(await readFile(new URL(file[1])))
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`))
