import { ascii, bigEndian } from './bytes.ts'

/** What a FLAC holds, and what it says of itself. */
export interface FlacOptions {
  /** In hertz, a multiple of ten. */
  readonly sampleRate: number
  readonly channels: number
  /** Frames of one constant each: some fifteen bytes for as many samples as a frame can have. */
  readonly frames: number
  /** Of one channel in each frame, at most 65,535. */
  readonly frameSamples: number
  /** The constants, of 16 bits. Default: silence. */
  readonly value?: (frame: number) => number
  readonly says?: { readonly samples?: number; readonly sampleRate?: number; readonly channels?: number }
}

export function makeFlac(options: FlacOptions): Buffer<ArrayBuffer> {
  const { frames, frameSamples, value = () => 0, says = {} } = options
  const parts = Array.from({ length: frames }, (_, frame) => makeFrame(frame, options, value(frame)))
  const rate = BigInt(says.sampleRate ?? options.sampleRate)
  const channels = BigInt((says.channels ?? options.channels) - 1)
  const samples = BigInt(says.samples ?? frames * frameSamples)
  const streamInfo = Buffer.concat([
    bigEndian(2, frameSamples),
    bigEndian(2, frameSamples),
    bigEndian(6, 0),
    bigEndian(8, (rate << 44n) | (channels << 41n) | (15n << 36n) | samples),
    Buffer.alloc(16),
  ])
  return Buffer.concat([ascii('fLaC'), metadataBlock(0x80, streamInfo), ...parts])
}

/** @param kind with the highest bit set for the last one. @param length that it says it has */
export function metadataBlock(kind: number, content: Uint8Array, length = content.length): Buffer<ArrayBuffer> {
  return Buffer.concat([bigEndian(1, kind), bigEndian(3, length), content])
}

/** RFC 9639, section 9: a header, a subframe of one constant for each channel, and two checksums. */
function makeFrame(frame: number, options: FlacOptions, value: number): Buffer<ArrayBuffer> {
  const { sampleRate, channels, frameSamples } = options
  const header = Buffer.concat([
    Buffer.from([0xff, 0xf8, 0x7e, ((channels - 1) << 4) | 0x08]),
    Buffer.from(String.fromCodePoint(frame)),
    bigEndian(2, frameSamples - 1),
    bigEndian(2, sampleRate / 10),
  ])
  const body = Buffer.concat([
    header,
    bigEndian(1, checksum(header, 0x07, 8)),
    ...Array.from({ length: channels }, () => Buffer.concat([Buffer.from([0]), bigEndian(2, value & 0xffff)])),
  ])
  return Buffer.concat([body, bigEndian(2, checksum(body, 0x8005, 16))])
}

function checksum(bytes: Uint8Array, polynomial: number, width: number): number {
  const [high, mask] = [1 << (width - 1), 2 ** width - 1]
  let remainder = 0
  for (const byte of bytes) {
    remainder ^= byte << (width - 8)
    for (let bit = 0; bit < 8; bit++)
      remainder = (remainder & high ? (remainder << 1) ^ polynomial : remainder << 1) & mask
  }
  return remainder
}
