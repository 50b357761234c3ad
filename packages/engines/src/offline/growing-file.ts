import { File, OpenFile } from '@bjorn3/browser_wasi_shim'

/** Of a sentence's speech, in bytes. */
const leastRoom = 1 << 19

/**
 * A file whose room doubles as it is written. The shim's own is made anew and copied with every kilobyte, which for one segment
 * is a hundred megabytes for the garbage collector.
 */
export class GrowingFile extends File {
  #room = new Uint8Array(leastRoom)

  constructor() {
    super([])
  }

  override path_open(...how: Parameters<File['path_open']>): ReturnType<File['path_open']> {
    const opened = super.path_open(...how)
    return opened.fd_obj ? { ...opened, fd_obj: new OpenGrowingFile(this) } : opened
  }

  /** What it holds. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#room.subarray(0, this.data.byteLength)
  }

  /** Sees to it that it is at least so long. */
  grow(bytes: number): void {
    if (bytes <= this.data.byteLength) return
    if (bytes > this.#room.byteLength) {
      const room = new Uint8Array(Math.max(bytes, 2 * this.#room.byteLength))
      room.set(this.data)
      this.#room = room
    }
    this.data = this.#room.subarray(0, bytes)
  }
}

class OpenGrowingFile extends OpenFile {
  readonly #file: GrowingFile

  constructor(file: GrowingFile) {
    super(file)
    this.#file = file
  }

  override fd_write(data: Uint8Array): ReturnType<OpenFile['fd_write']> {
    this.#file.grow(Number(this.file_pos) + data.byteLength)
    return super.fd_write(data)
  }
}
