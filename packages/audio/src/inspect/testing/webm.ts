import { ascii, bigEndian } from './bytes.ts'
import { opusHead } from './opus.ts'

/** An element of EBML, its length in as many bytes as there can be. @param length that it says it has; `null` for unknown */
export function element(
  id: number,
  content: readonly Uint8Array[],
  length: number | null | undefined = undefined,
): Buffer<ArrayBuffer> {
  const body = Buffer.concat(content)
  const size = length === null ? 2n ** 56n - 1n : BigInt(length ?? body.length)
  return Buffer.concat([bigEndian(Math.ceil((32 - Math.clz32(id)) / 8), id), bigEndian(8, (1n << 56n) | size), body])
}

const number = (id: number, value: number) => element(id, [bigEndian(4, value)])
const real = (id: number, value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return element(id, [bytes])
}

export const ebmlHead = element(0x1a45dfa3, [element(0x4282, [ascii('webm')])])

/** What a WebM of Opus holds, and what it says of itself. */
export interface WebmOptions {
  readonly packets: readonly Uint8Array[]
  /** That each packet counts as, in milliseconds. Default: 60 */
  readonly packetMs?: number
  /** That the header claims. Default: none */
  readonly durationMs?: number
  readonly codec?: string
  readonly channels?: number
  readonly sampleRate?: number
  /** The first has the packets. Default: one of sound */
  readonly tracks?: readonly ('sound' | 'video')[]
  readonly head?: Uint8Array
  /** Packets in one cluster. */
  readonly clusterPackets?: number
}

export function makeWebm({
  packets,
  packetMs = 60,
  durationMs,
  codec = 'A_OPUS',
  channels = 1,
  sampleRate = 48_000,
  tracks = ['sound'],
  head = opusHead({ channels }),
  clusterPackets = 100,
}: WebmOptions): Buffer<ArrayBuffer> {
  const info = element(0x1549a966, [
    number(0x2ad7b1, 1_000_000),
    ...(durationMs === undefined ? [] : [real(0x4489, durationMs)]),
  ])
  const entries = tracks.map((kind, index) =>
    element(0xae, [
      number(0xd7, index + 1),
      number(0x73c5, index + 1),
      ...(kind === 'video'
        ? [number(0x83, 1), element(0x86, [ascii('V_VP8')]), element(0xe0, [number(0xb0, 640), number(0xba, 480)])]
        : [
            number(0x83, 2),
            element(0x86, [ascii(codec)]),
            element(0x63a2, [head]),
            element(0xe1, [real(0xb5, sampleRate), number(0x9f, channels)]),
          ]),
    ]),
  )
  const clusters: Buffer[] = []
  for (let from = 0; from < packets.length; from += clusterPackets) {
    const blocks = packets
      .slice(from, from + clusterPackets)
      .map((packet, index) =>
        element(0xa3, [Buffer.from([0x81]), bigEndian(2, index * packetMs), Buffer.from([0x80]), packet]),
      )
    clusters.push(element(0x1f43b675, [number(0xe7, from * packetMs), ...blocks], null))
  }
  return Buffer.concat([ebmlHead, element(0x18538067, [info, element(0x1654ae6b, entries), ...clusters], null)])
}
