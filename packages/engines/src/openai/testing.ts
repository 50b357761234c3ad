import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text as textOf } from 'node:stream/consumers'

/** What a server of ours answers to a speech that is asked for, or does not. */
export type Misbehaviour = (asked: Asked, answer: ServerResponse) => void

export interface Asked {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Of a speech. */
  readonly body: SpeechBody
}

export interface SpeechBody {
  readonly model?: string
  readonly input?: string
  readonly voice?: string
  readonly response_format?: string
  readonly speed?: number
}

/** A TTS server as there are many, which can be told to misbehave. */
export interface TtsServer {
  readonly baseUrl: string
  /** In the order they came. */
  readonly asked: Asked[]
  /** Connections that the other side has ended before they were answered. */
  readonly left: number
  /** What speeches are answered with. */
  onSpeech: Misbehaviour
  /** What is answered to `GET` of a path below the base; what is not here is not found. */
  lists: Record<string, unknown>
  close(): Promise<void>
}

export async function startTtsServer(port = 0): Promise<TtsServer> {
  let left = 0
  const server = createServer((incoming, answer) => {
    answer.once('close', () => {
      if (!answer.writableFinished) left++
    })
    void answerTo(incoming, answer)
  })
  async function answerTo(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming
    const path = url.replace(/^\/v1/, '')
    const sent = await textOf(incoming)
    const asked: Asked = { method, path, headers, body: sent === '' ? {} : JSON.parse(sent) }
    tts.asked.push(asked)
    if (method === 'POST' && path === '/audio/speech') {
      return tts.onSpeech(asked, answer)
    }
    const list = tts.lists[path]
    if (typeof list === 'function') return list(answer)
    answer.writeHead(list === undefined ? 404 : 200, { 'content-type': 'application/json' })
    answer.end(JSON.stringify(list ?? { detail: 'Not Found' }))
  }
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server has a port')

  const tts: TtsServer = {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    asked: [],
    get left() {
      return left
    },
    onSpeech: ({ body }, answer) => sendWav(answer, toneFor(body)),
    lists: { '/audio/voices': { voices: [{ id: 'af_heart', name: 'af_heart' }] } },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return tts
}

const sampleRate = 24_000

/** A tone that is as long as somebody would take for the text. */
export function toneFor({ input = '', speed = 1 }: SpeechBody): Int16Array {
  const samples = Math.round((input.length * 0.06 * sampleRate) / speed)
  return Int16Array.from({ length: samples }, (_, index) => 8_000 * Math.sin((2 * Math.PI * 220 * index) / sampleRate))
}

/** @param length what the header says, in bytes, where that is not how long it is. */
export function wavOf(samples: Int16Array, length = samples.byteLength): Buffer {
  const header = Buffer.alloc(44)
  header.write('RIFF')
  header.writeUInt32LE(Math.min(0xffffffff, length + 36), 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(sampleRate, 24)
  header.writeUInt32LE(2 * sampleRate, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(length, 40)
  return Buffer.concat([header, pcmOf(samples)])
}

export const pcmOf = ({ buffer, byteOffset, byteLength }: Int16Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

export function sendWav(answer: ServerResponse, samples: Int16Array): void {
  answer.writeHead(200, { 'content-type': 'audio/wav' })
  answer.end(wavOf(samples))
}

export function sendError(answer: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  answer.writeHead(status, { 'content-type': 'application/json', ...headers })
  answer.end(JSON.stringify(body))
}
