import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Arrivals, Order } from './subscribers.ts'

/** Many who listen, in a process of their own. */

const crowds = new Map<string, WebSocket[]>()
const ping = 'PING'
/** Sockets opened at a time. */
const atOnce = 50

process.on('message', async (order: Order) => process.send?.(await obey(order)))
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })

let arrivals: Promise<Arrivals> | undefined

const now = () => performance.timeOrigin + performance.now()

async function obey(order: Order): Promise<object> {
  if (order.do === 'open') {
    const crowd: WebSocket[] = []
    while (crowd.length < order.count) {
      const next = Math.min(atOnce, order.count - crowd.length)
      crowd.push(...(await Promise.all(Array.from({ length: next }, () => open(order)))))
    }
    crowds.set(order.name, crowd)
    return {}
  }
  const crowd = crowds.get(order.name) ?? []
  if (order.do === 'listen') {
    arrivals = listen(crowd)
    return {}
  }
  if (order.do === 'wait') return arrivals ?? Promise.reject(new Error('nobody listens'))
  crowds.delete(order.name)
  await Promise.all(
    crowd.map((socket) => {
      const closed = once(socket, 'close')
      socket.close()
      return closed
    }),
  )
  return {}
}

async function open({ url, headers, hello }: Extract<Order, { do: 'open' }>): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false })
  await once(socket, 'open')
  // Who does not answer is taken for dead.
  socket.on('message', (data: Buffer) => data.length === ping.length && socket.send('PONG'))
  if (hello === undefined) return socket
  const answered = once(socket, 'message')
  socket.send(hello)
  const [answer] = await answered
  if (!String(answer).includes('"started"')) throw new Error(`not subscribed: ${answer}`)
  return socket
}

async function listen(crowd: readonly WebSocket[]): Promise<Arrivals> {
  const times: number[] = []
  let frame = ''
  const all = Promise.withResolvers<void>()
  for (const socket of crowd) {
    const onMessage = (data: Buffer) => {
      if (data.length === ping.length) return
      socket.off('message', onMessage)
      times.push(now())
      if (times.length < crowd.length) return
      frame = String(data)
      all.resolve()
    }
    socket.on('message', onMessage)
  }
  await all.promise
  return { times, frame }
}
