import type { TagTexts } from '../tags.ts'
import { concat } from './encoder.ts'

/** A Vorbis comment, as FLAC and Opus carry it, without a framing bit. @param vendor what encoded */
export function vorbisComment(vendor: string, { title, voice, comment, maker }: TagTexts): Uint8Array<ArrayBuffer> {
  const fields = Object.entries({ TITLE: title, ARTIST: voice, COMMENT: comment, ENCODER: maker })
  const comments = fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  return concat([prefixed(vendor), integer(comments.length), ...comments.map(prefixed)])
}

function prefixed(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  return concat([integer(bytes.length), bytes])
}

function integer(value: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4))
  bytes.setUint32(0, value, true)
  return new Uint8Array(bytes.buffer)
}
