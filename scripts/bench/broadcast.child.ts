import { once } from 'node:events'
import { WebSocketServer } from 'ws'
import './watch.preload.ts'

/** A bare WebSocket server: sends a frame to all who are connected when it is told to, and nothing else. */

const wss = new WebSocketServer({ port: Number(process.env.PORT), host: '127.0.0.1' })
await once(wss, 'listening')
process.on('message', ({ frame }: { readonly frame?: string }) => {
  if (frame === undefined) return
  for (const ws of wss.clients) ws.send(frame)
})
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => process.exit())
process.send?.({ ready: true })
