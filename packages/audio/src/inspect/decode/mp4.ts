import type { Bytes } from '../descriptor.ts'

/** What the boxes of an MP4 say about the times of its first sound track, in seconds. */
export interface TrackTimes {
  /** Where what is heard begins, from the beginning of what is decoded; 0 where nothing is cut off or nothing is said. */
  readonly from: number
  /** How much is heard from there; `null` where the file does not say. */
  readonly seconds: number | null
  /** Length of all that is decoded; `null` where the file does not say. */
  readonly mediaSeconds: number | null
}

interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
}

const mostBoxes = 10_000
const mostEdits = 8

/**
 * Reads the edit list, where encoders of AAC say how much they put in front. A track with none, or with more than one edit
 * that is heard, is heard as it is. What comes in fragments is not counted by any header.
 */
export function readTimes(bytes: Bytes): TrackTimes {
  const { find, view, movie, track } = readBoxes(bytes)
  const [list, movieHead, mediaHead] = [find(track, 'edts', 'elst'), find(movie, 'mvhd'), find(track, 'mdia', 'mdhd')]
  const media = mediaHead && readHead(view(mediaHead.start, longestHead))
  const isFragmented = find(movie, 'mvex') !== undefined
  const mediaSeconds = !media || isFragmented || media.length === 0 ? null : media.length / media.scale
  const whole = { from: 0, seconds: null, mediaSeconds }
  if (!list || !movieHead || !media) return whole

  const edits = view(list.start, 8 + 20 * mostEdits)
  const isLong = edits.getUint8(0) === 1
  const heard = Array.from({ length: Math.min(edits.getUint32(4), mostEdits) }, (_, index) => {
    const at = 8 + index * (isLong ? 20 : 12)
    return isLong
      ? { length: Number(edits.getBigUint64(at)), from: Number(edits.getBigInt64(at + 8)) }
      : { length: edits.getUint32(at), from: edits.getInt32(at + 4) }
  }).filter(({ from }) => from >= 0)
  const [edit] = heard
  if (!edit || heard.length > 1) return whole
  return {
    from: edit.from / media.scale,
    seconds:
      edit.length === 0 || isFragmented ? null : edit.length / readHead(view(movieHead.start, longestHead)).scale,
    mediaSeconds,
  }
}

/**
 * The same file as it looks when only its fragments count, where the sound track has samples outside of them as well:
 * readers take the one or the others. `undefined` where it has not.
 */
export function fragmentsOf(bytes: Bytes): Bytes | undefined {
  const { find, view, movie, track } = readBoxes(bytes)
  const sizes = find(track, 'mdia', 'minf', 'stbl', 'stsz')
  if (!sizes || !find(movie, 'mvex') || view(sizes.start, 12).getUint32(8) === 0) return undefined
  const counts = [
    sizes.start + 8,
    ...['stts', 'stsc', 'stco', 'co64'].flatMap((type) => {
      const table = find(track, 'mdia', 'minf', 'stbl', type)
      return table ? [table.start + 4] : []
    }),
  ]
  return {
    size: bytes.size,
    read(position, length) {
      const read = bytes.read(position, length)
      for (const count of counts) {
        const from = Math.max(0, count - position)
        const to = Math.min(read.length, count + 4 - position)
        if (from < to) read.fill(0, from, to)
      }
      return read
    },
  }
}

function readBoxes(bytes: Bytes) {
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
  const movie = find({ type: '', start: 0, end: bytes.size }, 'moov')
  const track =
    movie &&
    boxes(movie.start, movie.end).find((box) => {
      const handler = box.type === 'trak' && find(box, 'mdia', 'hdlr')
      return handler && Buffer.from(bytes.read(handler.start + 8, 4)).toString('latin1') === 'soun'
    })
  return { find, view, movie, track }
}

const longestHead = 32

/** Time scale and length stand behind two times, and all but the scale have four or eight bytes. */
function readHead(head: DataView): { readonly scale: number; readonly length: number } {
  const isLong = head.getUint8(0) === 1
  const scale = head.getUint32(isLong ? 20 : 12)
  if (scale === 0) throw new RangeError('The time scale of the file is 0')
  return { scale, length: isLong ? Number(head.getBigUint64(24)) : head.getUint32(16) }
}
