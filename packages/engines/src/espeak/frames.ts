/** What came in one frame: a message, and sound where there is some. */
export interface Frame {
  readonly message: unknown
  readonly samples: Int16Array
}

/** A list of hundreds of voices, and a minute of sound. What is longer is no frame. */
const most = { json: 1024 * 1024, sound: 16 * 1024 * 1024 }

/**
 * Reads frames, `[u32 length of the JSON][u32 length of the sound][JSON][sound]`, out of the pieces that they come in.
 *
 * @returns what takes a piece and answers the frames that it completes. @throws {Error} for what is no frame.
 */
export function createFrameReader(): (piece: Uint8Array) => Frame[] {
  let pieces: Uint8Array[] = []
  let bytes = 0
  let wanted = 8
  return (piece) => {
    pieces.push(piece)
    bytes += piece.byteLength
    const frames: Frame[] = []
    // A frame of many pieces is put together once.
    while (bytes >= wanted) {
      const all = Buffer.concat(pieces, bytes)
      const json = all.readUInt32LE(0)
      const sound = all.readUInt32LE(4)
      if (json > most.json || sound > most.sound || sound % 2 === 1) throw new Error('what came is no frame')
      const end = 8 + json + sound
      if (bytes < end) {
        pieces = [all]
        wanted = end
        break
      }
      const view = new DataView(all.buffer, all.byteOffset + 8 + json, sound)
      frames.push({
        message: JSON.parse(all.toString('utf8', 8, 8 + json)),
        samples: Int16Array.from({ length: sound / 2 }, (_, index) => view.getInt16(2 * index, true)),
      })
      const rest = all.subarray(end)
      pieces = [rest]
      bytes = rest.byteLength
      wanted = 8
    }
    return frames
  }
}
