import type { Bytes } from '../descriptor.ts'

/** Which part of a track is to be heard, in seconds from the beginning of what is decoded. */
export interface Edit {
  readonly from: number
  /** `null` where the file does not say. */
  readonly seconds: number | null
}

interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
}

const whole: Edit = { from: 0, seconds: null }
const mostBoxes = 10_000

/**
 * The edit of an MP4's first sound track: encoders of AAC put a thousand samples and more in front, and say here how many.
 * A file with none, or with more than one edit that is heard, is heard as it is.
 */
export function readEdit(bytes: Bytes): Edit {
  const view = (position: number, length: number) => new DataView(bytes.read(position, length).buffer)
  let seen = 0

  function* boxes(start: number, end: number): Generator<Box> {
    for (let position = start; position + 8 <= end && seen < mostBoxes; seen++) {
      const head = view(position, 16)
      const type = Buffer.from(head.buffer, 4, 4).toString('latin1')
      const short = head.getUint32(0)
      const isLong = short === 1 && head.byteLength === 16
      const length = isLong ? Number(head.getBigUint64(8)) : short === 0 ? end - position : short
      const header = isLong ? 16 : 8
      if (length < header) return
      yield { type, start: position + header, end: Math.min(end, position + length) }
      position += length
    }
  }
  const find = (within: Box | undefined, ...path: string[]): Box | undefined =>
    path.reduce<Box | undefined>(
      (box, wanted) => box && boxes(box.start, box.end).find(({ type }) => type === wanted),
      within,
    )
  /** A time scale stands behind two times, which have four or eight bytes. */
  const scaleOf = (box: Box) => {
    const head = view(box.start, 24)
    return head.getUint8(0) === 1 ? head.getUint32(20) : head.getUint32(12)
  }

  const file = { type: '', start: 0, end: bytes.size }
  const movie = find(file, 'moov')
  const track =
    movie &&
    boxes(movie.start, movie.end).find((box) => {
      const handler = box.type === 'trak' && find(box, 'mdia', 'hdlr')
      return handler && Buffer.from(bytes.read(handler.start + 8, 4)).toString('latin1') === 'soun'
    })
  const [list, movieHead, mediaHead] = [find(track, 'edts', 'elst'), find(movie, 'mvhd'), find(track, 'mdia', 'mdhd')]
  if (!list || !movieHead || !mediaHead) return whole

  const entries = view(list.start, 8 + 20 * 8)
  const isLong = entries.getUint8(0) === 1
  const heard = Array.from({ length: Math.min(entries.getUint32(4), 8) }, (_, index) => {
    const at = 8 + index * (isLong ? 20 : 12)
    return isLong
      ? { length: Number(entries.getBigUint64(at)), from: Number(entries.getBigInt64(at + 8)) }
      : { length: entries.getUint32(at), from: entries.getInt32(at + 4) }
  }).filter(({ from }) => from >= 0)
  const [edit] = heard
  if (!edit || heard.length > 1) return whole
  return {
    from: edit.from / scaleOf(mediaHead),
    seconds: edit.length === 0 ? null : edit.length / scaleOf(movieHead),
  }
}
