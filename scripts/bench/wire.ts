import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A statement as a client sent it, with its parameters as text; bytes as `\x` and hexadecimal digits. */
export interface Statement {
  readonly sql: string
  readonly params: readonly (string | null)[]
}

/** A way to a PostgreSQL that notes every statement that goes through it. */
export interface Wire extends AsyncDisposable {
  readonly connectionString: string
  /** What was sent since the last call, in order, on whichever connection. */
  take(): Statement[]
}

/** Reads the frontend half of PostgreSQL's protocol 3.0: https://www.postgresql.org/docs/current/protocol-message-formats.html */
export async function openWire(connectionString: string): Promise<Wire> {
  const target = new URL(connectionString)
  const sockets = new Set<Socket>()
  let seen: Statement[] = []
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
    near.on(
      'data',
      reader((statement) => seen.push(statement)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(connectionString)
  url.port = String((server.address() as AddressInfo).port)
  return {
    connectionString: url.href,
    take() {
      const taken = seen
      seen = []
      return taken
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Of one connection: puts chunks together to messages, and follows which name stands for which statement. */
function reader(onStatement: (statement: Statement) => void): (chunk: Buffer) => void {
  const prepared = new Map<string, string>()
  let rest: Buffer = Buffer.alloc(0)
  // The first message, which says who connects, has no type.
  let typeBytes = 0
  return (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    while (rest.length >= typeBytes + 4) {
      const end = typeBytes + rest.readInt32BE(typeBytes)
      if (rest.length < end) return
      const type = typeBytes === 0 ? '' : String.fromCharCode(rest.readUInt8(0))
      const fields = reading(rest.subarray(typeBytes + 4, end))
      if (type === 'Q') onStatement({ sql: fields.text(), params: [] })
      if (type === 'P') prepared.set(fields.text(), fields.text())
      if (type === 'B') {
        fields.text()
        const sql = prepared.get(fields.text()) ?? ''
        onStatement({ sql, params: parameters(fields) })
      }
      rest = rest.subarray(end)
      typeBytes = 1
    }
  }
}

function parameters(fields: ReturnType<typeof reading>): (string | null)[] {
  const formats = Array.from({ length: fields.int16() }, () => fields.int16())
  return Array.from({ length: fields.int16() }, (_, index) => {
    const bytes = fields.bytes()
    // No format for any: all are text. One: it is that of all.
    const format = formats.length > 1 ? formats[index] : formats[0]
    if (bytes === null) return null
    // node-postgres sends nothing but Buffers in binary.
    return format === 1 ? `\\x${bytes.toString('hex')}` : bytes.toString('utf8')
  })
}

function reading(message: Buffer) {
  let at = 0
  const take = (length: number) => {
    at += length
    return message.subarray(at - length, at)
  }
  return {
    /** Up to the next zero byte. */
    text() {
      const value = take(message.indexOf(0, at) - at).toString('utf8')
      at++
      return value
    },
    int16: () => take(2).readInt16BE(),
    bytes() {
      const length = take(4).readInt32BE()
      return length < 0 ? null : take(length)
    },
  }
}
