import { EngineError } from '../engine.ts'
import { decodeWav, type Sound } from '../wav.ts'
import type { Answer } from './transport.ts'

/** What is asked for: `wav` says itself what it is; `pcm` is signed 16-bit little endian, mono. */
export type Format = 'wav' | 'pcm'

/** Of `pcm` that does not say: OpenAI's own, and that of the models people run themselves. In hertz. */
const usualRate = 24_000

/**
 * The sound in an answer, which is judged by its bytes: some servers give another format than was asked for, or an error
 * under 200.
 *
 * @throws {EngineError} `bad_output`
 */
export function readSound({ header, bytes }: Answer, format: Format): Sound {
  const type = (header('content-type') ?? '').toLowerCase()
  if (bytes.length === 0) throw bad('there is nothing in it')
  if (startsWith(bytes, 'RIFF') || format === 'wav') return decodeWav(bytes)
  if (another.test(type) || marks.some((mark) => startsWith(bytes, mark))) throw bad(`it is another format (${type})`)
  if (bytes.length % 2 === 1) throw bad('it ends in the middle of a sample')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const samples = Int16Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true))
  return { samples, sampleRate: rateIn(type) }
}

const another = /json|text|html|xml|mpeg|mp3|mp4|aac|ogg|opus|flac|webm/
const marks = ['ID3', 'OggS', 'fLaC']

const startsWith = (bytes: Uint8Array, mark: string) =>
  Buffer.from(bytes.subarray(0, mark.length)).toString('latin1') === mark

/** `audio/pcm;rate=22050`, as RFC 2586 has it for L16. */
function rateIn(type: string): number {
  const rate = Number(/;\s*rate=(\d+)/.exec(type)?.[1] ?? usualRate)
  if (rate < 8_000 || rate > 48_000) throw bad(`it is at ${rate} Hz`)
  return rate
}

function bad(what: string): EngineError {
  return new EngineError(`What the engine made cannot be used: ${what}.`, { code: 'bad_output', retryable: true })
}
