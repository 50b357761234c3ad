// SPDX-License-Identifier: GPL-3.0-or-later
import { writeSync } from 'node:fs'

const standardOutput = 1

/** Writes a frame, and waits until somebody has read it: what makes the sound has no other moment to wait in. */
export function writeFrame(message: object, samples: Int16Array = new Int16Array(0)): void {
  const json = Buffer.from(JSON.stringify(message))
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32LE(json.length, 0)
  lengths.writeUInt32LE(samples.byteLength, 4)
  write(Buffer.concat([lengths, json, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]))
}

function write(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(standardOutput, bytes, at)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      // The pipe is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
