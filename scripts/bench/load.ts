import { connect } from 'node:net'

/** What a load generator is to send, and for how long. */
export interface Load {
  readonly port: number
  readonly connections: number
  /** Ends after this long … */
  readonly seconds?: number
  /** … or after this many requests. */
  readonly requests?: number
  readonly send: Sending
}

export type Sending =
  /** Each as if a proxy had passed it on from another of many addresses. */
  | { readonly kind: 'get'; readonly path: string }
  | { readonly kind: 'post'; readonly path: string; readonly body: object }
  /** One of users 1 to `users`, in turn, or user 1 alone, creates a generation; each `anotherWord` becomes one in its text. */
  | { readonly kind: 'create'; readonly users: number; readonly input: object }

/** Stands for a word that nobody has had spoken yet, as long as it is itself. */
export const anotherWord = '########'

export interface LoadAnswer {
  readonly requests: number
  readonly perSecond: number
  /** In milliseconds. */
  readonly p50: number
  readonly p99: number
}

/**
 * Sends what `next` gives over one connection, each request after the answer to the last, until it gives nothing.
 *
 * By hand over a socket, since this shares the machine with what it measures: Node's own clients take as long to send a
 * request as a server takes to answer one.
 *
 * @param onAnswer told of every answer: how long it took, in milliseconds.
 * @throws Error with the answer when it is none of 200.
 */
export function converse(
  port: number,
  next: () => string | undefined,
  onAnswer: (milliseconds: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let sentAt = 0
    let answer = ''
    const send = () => {
      const request = next()
      if (request === undefined) {
        socket.end()
        return resolve()
      }
      sentAt = performance.now()
      socket.write(request)
    }
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      answer += chunk
      if (!isWhole(answer)) return
      onAnswer(performance.now() - sentAt)
      if (!answer.startsWith('HTTP/1.1 200')) {
        socket.destroy()
        return reject(
          new Error(`${answer.slice(9, answer.indexOf('\r'))}: ${answer.slice(answer.indexOf('\r\n\r\n') + 4)}`),
        )
      }
      answer = ''
      send()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
  })
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1]
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length >= end + 4 + Number(length)
}
