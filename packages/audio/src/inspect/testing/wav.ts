import { ascii, littleEndian } from './bytes.ts'

const encodings = {
  u8: { tag: 1, bytes: 1, write: (into, at, value) => into.writeUInt8(Math.round(128 + 127 * value), at) },
  s16: { tag: 1, bytes: 2, write: (into, at, value) => into.writeInt16LE(Math.round(32_767 * value), at) },
  s24: { tag: 1, bytes: 3, write: (into, at, value) => into.writeIntLE(Math.round(8_388_607 * value), at, 3) },
  s32: { tag: 1, bytes: 4, write: (into, at, value) => into.writeInt32LE(Math.round(2_147_483_647 * value), at) },
  f32: { tag: 3, bytes: 4, write: (into, at, value) => into.writeFloatLE(value, at) },
  f64: { tag: 3, bytes: 8, write: (into, at, value) => into.writeDoubleLE(value, at) },
} as const satisfies Record<
  string,
  { tag: number; bytes: number; write: (into: Buffer, at: number, value: number) => void }
>

export type WavEncoding = keyof typeof encodings

/** What a WAV holds, and what it says of itself, which is the truth where nothing else is given. */
export interface WavOptions {
  /** In hertz. */
  readonly sampleRate: number
  /** Full scale being 1; all channels equally long. */
  readonly channels: readonly ArrayLike<number>[]
  /** Default: `s16`. */
  readonly encoding?: WavEncoding
  /** Says the format in the longer chunk that has a GUID. */
  readonly extensible?: boolean
  /** Chunks in front of the format, or behind the samples. */
  readonly before?: Uint8Array
  readonly after?: Uint8Array
  readonly says?: {
    readonly id?: string
    readonly riffLength?: number
    readonly dataLength?: number
    readonly tag?: number
    readonly channels?: number
    readonly sampleRate?: number
    readonly byteRate?: number
    readonly block?: number
    readonly bits?: number
  }
}

export function makeWav({
  sampleRate,
  channels,
  encoding = 's16',
  extensible = false,
  before = new Uint8Array(),
  after = new Uint8Array(),
  says = {},
}: WavOptions): Buffer<ArrayBuffer> {
  const { tag, bytes, write } = encodings[encoding]
  const block = bytes * channels.length
  const samples = channels[0]?.length ?? 0
  const data = Buffer.alloc(block * samples)
  for (const [channel, plane] of channels.entries()) {
    for (let n = 0; n < samples; n++) write(data, n * block + channel * bytes, plane[n] ?? 0)
  }
  const saidTag = says.tag ?? tag
  const said = {
    channels: says.channels ?? channels.length,
    sampleRate: says.sampleRate ?? sampleRate,
    bits: says.bits ?? 8 * bytes,
  }
  const format = Buffer.concat([
    littleEndian(2, extensible ? 0xfffe : saidTag),
    littleEndian(2, said.channels),
    littleEndian(4, said.sampleRate),
    littleEndian(4, says.byteRate ?? said.sampleRate * block),
    littleEndian(2, says.block ?? block),
    littleEndian(2, said.bits),
    ...(extensible ? [littleEndian(2, 22), littleEndian(2, said.bits), littleEndian(4, 0), guid(saidTag)] : []),
  ])
  const body = Buffer.concat([
    ascii('WAVE'),
    before,
    chunk('fmt ', format),
    ascii('data'),
    littleEndian(4, says.dataLength ?? data.length),
    data,
    after,
  ])
  return Buffer.concat([ascii(says.id ?? 'RIFF'), littleEndian(4, says.riffLength ?? body.length), body])
}

/** @param length that it says it has */
export function chunk(id: string, content: Uint8Array, length = content.length): Buffer<ArrayBuffer> {
  return Buffer.concat([ascii(id), littleEndian(4, length), content])
}

/** KSDATAFORMAT_SUBTYPE_PCM and its kin. */
const guid = (tag: number) => Buffer.concat([littleEndian(2, tag), Buffer.from('000000001000800000aa00389b71', 'hex')])
