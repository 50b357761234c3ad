import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Transfer, TransferAnswer, Transferred } from './transfer.ts'
import { apiKey } from './users.ts'

/**
 * Sends and fetches files, in a process of its own. By hand over sockets, since this shares the machine with what it measures:
 * what comes is counted and thrown away, in one buffer for each connection.
 */

/** Where ranges begin. */
const places = 100

process.on('message', async (transfer: Transfer) => process.send?.(await run(transfer)))
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })

async function run({ port, atOnce, count, what }: Transfer): Promise<TransferAnswer> {
  const request = await requester(port, what)
  let next = 0
  let bytes = 0
  let slowestMs = 0
  const started = performance.now()
  const transferring = async (connection: number) => {
    const { send, end } = await open(port)
    for (let number = next++; number < count; number = next++) {
      const began = performance.now()
      const { parts, status, transferred } = request(number, connection)
      const answer = await send(parts)
      const isWhole = status !== 206 || answer.bytes === transferred
      if (answer.status !== status || !isWhole) throw new Error(`answered with ${answer.bytes} bytes: ${answer.text}`)
      bytes += transferred
      slowestMs = Math.max(slowestMs, performance.now() - began)
    }
    end()
  }
  await Promise.all(Array.from({ length: atOnce }, (_, connection) => transferring(connection)))
  return { megabytesPerSecond: bytes / 1e6 / ((performance.now() - started) / 1_000), slowestMs }
}

interface Request {
  readonly parts: readonly (string | Uint8Array)[]
  /** What has to be answered. */
  readonly status: number
  /** The bytes of files that it moves, one way or the other. */
  readonly transferred: number
}

async function requester(port: number, what: Transferred): Promise<(number: number, connection: number) => Request> {
  const host = `Host: 127.0.0.1:${port}\r\n`
  if (what.kind === 'range') {
    const { path, fileBytes, length = fileBytes } = what
    const head = `GET ${path} HTTP/1.1\r\n${host}Authorization: Bearer ${apiKey(1)}\r\n`
    return (number) => {
      // A step coprime to the number of places, so that neighbours are not read one after the other.
      const start = Math.floor(((number * 7_919) % places) * (fileBytes / places))
      const end = Math.min(start + length, fileBytes)
      return { parts: [`${head}Range: bytes=${start}-${end - 1}\r\n\r\n`], status: 206, transferred: end - start }
    }
  }
  const file = await readFile(what.file)
  const length = (bytes: number) => `Content-Length: ${bytes}\r\n\r\n`
  const head = `POST ${what.path} HTTP/1.1\r\n${host}`
  if (what.kind === 'body') {
    const parts = [head + length(file.length), file]
    return () => ({ parts, status: 201, transferred: file.length })
  }
  const boundary = 'bench-7f3a9c51'
  const disposition = 'Content-Disposition: form-data; name="file"; filename="bench.wav"'
  const before = `--${boundary}\r\n${disposition}\r\nContent-Type: audio/wav\r\n\r\n`
  const after = `\r\n--${boundary}--\r\n`
  const type = `Content-Type: multipart/form-data; boundary=${boundary}\r\n`
  const whole = length(before.length + file.length + after.length)
  return (_number, connection) => {
    const key = `Authorization: Bearer ${apiKey((connection % what.users) + 1)}\r\n`
    return { parts: [head + key + type + whole + before, file, after], status: 201, transferred: file.length }
  }
}

interface Answer {
  readonly status: number
  /** Of the body. */
  readonly bytes: number
  /** Of the answer, as far as it came with its head. */
  readonly text: string
}

/** Opens a connection that takes one request after the other. */
async function open(port: number) {
  let answer = Promise.withResolvers<Answer>()
  let head = ''
  let left: number | undefined
  let length = 0
  const read = (bytes: Uint8Array) => {
    if (left === undefined) {
      head += Buffer.from(bytes).toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
      left = length - (head.length - end - 4)
    } else left -= bytes.length
    if (left > 0) return
    answer.resolve({ status: Number(head.slice(9, 12)), bytes: length, text: head.slice(0, 2_000) })
    head = ''
    left = undefined
  }
  const socket = connect({
    port,
    host: '127.0.0.1',
    onread: {
      buffer: Buffer.alloc(256 << 10),
      callback(count, buffer) {
        read(buffer.subarray(0, count))
        return true
      },
    },
  })
  const closed = () => answer.reject(new Error('the server closed the connection'))
  socket.on('error', answer.reject).on('close', closed)
  await once(socket, 'connect')
  socket.setNoDelay(true)
  return {
    async send(parts: readonly (string | Uint8Array)[]): Promise<Answer> {
      answer = Promise.withResolvers()
      socket.cork()
      for (const part of parts) socket.write(part)
      socket.uncork()
      return answer.promise
    },
    end: () => void socket.off('close', closed).end(),
  }
}
