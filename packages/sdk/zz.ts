import { readFileSync, writeFileSync } from 'node:fs'
import { createTRPCClient, createWSClient, httpBatchLink, splitLink, wsLink } from '@trpc/client'
import superjson from 'superjson'

const url = 'http://localhost:3900',
  KEY = process.env.KEY!
const ws = createWSClient({ url: 'ws://localhost:3900/trpc', connectionParams: async () => ({ token: KEY }) })
const c: any = createTRPCClient<any>({
  links: [
    splitLink({
      condition: (o) => o.type === 'subscription',
      true: wsLink({ client: ws, transformer: superjson }),
      false: httpBatchLink({ url: url + '/trpc', transformer: superjson, headers: { authorization: 'Bearer ' + KEY } }),
    }),
  ],
})
const { items } = await c.voices.list.query({})
const text =
  process.argv[2] === 'alice'
    ? readFileSync('/work/main/packages/core/fixtures/alice-chapter-1.txt', 'utf8')
    : (process.argv[2] ?? 'Hello world. This is Loqui.')
const t0 = Date.now()
const g = await c.generations.create.mutate({ text, voiceId: items[0].id, format: process.argv[3] ?? 'wav' })
console.log(Date.now() - t0, 'ms', g.id, g.state, g.segments, g.estimatedMs, g.reservedMs)
await new Promise<void>((res, rej) =>
  c.generations.watch.subscribe(
    { id: g.id },
    {
      onData: (e: any) => {
        console.log(
          Date.now() - t0,
          e.id,
          e.data.type,
          JSON.stringify(e.data.segments),
          e.data.segment?.index,
          e.data.error ?? '',
        )
      },
      onComplete: res,
      onError: rej,
    },
  ),
)
const done = await c.generations.get.query({ id: g.id })
delete done.text
console.log(done)
const r = await fetch(`${url}/api/v1/generations/${g.id}/audio`, { headers: { authorization: 'Bearer ' + KEY } })
console.log(r.status, Object.fromEntries(r.headers))
writeFileSync('/tmp/dev/out.' + done.format, Buffer.from(await r.arrayBuffer()))
console.log(await c.usage.current.query())
ws.close()
