import { once } from 'node:events'
import { WebSocket } from 'ws'
import { quantile } from './statistics.ts'
import type { Ages, Arrivals, Order } from './subscribers.ts'

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
  if (order.do === 'note') {
    note()
    return {}
  }
  if (order.do === 'ages') return agesOf(order)
  if (order.do === 'count') {
    return { count: notes.reduce((sum, { at }) => sum + Number(at >= order.since && at <= order.until), 0) }
  }
  const crowd = crowds.get(order.name) ?? []
  if (order.do === 'listen') {
    arrivals = listen(crowd)
    return {}
  }
  if (order.do === 'ignore') {
    for (const socket of crowd) {
      socket.pause()
      socket.send(order.hello)
    }
    return {}
  }
  if (order.do === 'read') {
    await Promise.all(crowd.map((socket) => read(socket, order)))
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

/** When events were written, and how old they were when they came. */
const notes: { readonly at: number; readonly age: number }[] = []
const heard = new WeakSet<WebSocket>()
const mark = '"createdAt":"'
const isoLength = 24
/** What takes longest is read once of each event: this shares the machine with what it measures. */
const times = new Map<string, number>()

function note(): void {
  notes.length = 0
  times.clear()
  for (const socket of [...crowds.values()].flat()) {
    if (heard.has(socket)) continue
    heard.add(socket)
    socket.on('message', (data: Buffer) => {
      const came = Date.now()
      const start = data.indexOf(mark)
      if (start < 0) return
      const time = data.toString('latin1', start + mark.length, start + mark.length + isoLength)
      const at = times.get(time) ?? Date.parse(time)
      times.set(time, at)
      notes.push({ at, age: came - at })
    })
  }
}

function agesOf({ since, until }: Extract<Order, { do: 'ages' }>): Ages {
  const ages = notes.flatMap(({ at, age }) => (at >= since && at <= until ? [age] : []))
  if (ages.length === 0) return { count: 0, p50: 0, p99: 0, most: 0 }
  return { count: ages.length, p50: quantile(ages, 0.5), p99: quantile(ages, 0.99), most: quantile(ages, 1) }
}

async function read(socket: WebSocket, { hello, frames }: Extract<Order, { do: 'read' }>): Promise<void> {
  let left = frames
  const all = Promise.withResolvers<void>()
  socket.on('message', (data: Buffer) => {
    if (data.length > ping.length && --left === 0) all.resolve()
  })
  socket.send(hello)
  await all.promise
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
