/// <reference path="./webassembly.d.ts" />
import { File, OpenFile, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim'
import { GrowingFile } from './growing-file.ts'

/**
 * Runs the program Flite once: 16 kHz, mono, 16 bit. It computes for as long as it takes and blocks its thread.
 *
 * @param text printable ASCII without line breaks, which would begin new utterances.
 * @throws {Error} when Flite crashes, or ends with a failure or without audio. The next run is not affected.
 */
export type Flite = (options: readonly string[], text: string) => Int16Array<ArrayBuffer>

/** What a run leaves of its memory is kept up to this size, in bytes; ordinary segments need 24 MB. */
const keptMemory = 48_000_000

/**
 * @param image the program's memory before it has run, of {@link firstMemory}; many may share it.
 */
export function createFlite(module: WebAssembly.Module, image: Uint8Array): Flite {
  let program: Program | undefined
  return (options, text) => {
    program ??= load(module)
    const current = program
    // Unless this run ends well, the next one begins with a new instance.
    program = undefined
    const samples = run(current, image, options, text)
    if (current.exports.memory.buffer.byteLength <= keptMemory) program = current
    return samples
  }
}

type Exports = Parameters<WASI['start']>[0]['exports']

interface Program {
  readonly exports: Exports
  /** The system that the next run sees. */
  system: WASI
}

function load(module: WebAssembly.Module): Program {
  const system = new WASI([], [], [])
  const program = { system }
  const calls = Object.keys(system.wasiImport).map((name) => [
    name,
    (...parameters: unknown[]) => program.system.wasiImport[name]?.(...parameters),
  ])
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: Object.fromEntries(calls) })
  // What every WASI command exports.
  return Object.assign(program, { exports: exports as Exports })
}

/** What the memory of the program is before it has run: 22 MB, most of them the voices, which all threads of a process share. */
export function firstMemory(module: WebAssembly.Module): Uint8Array<SharedArrayBuffer> {
  const memory = new Uint8Array(load(module).exports.memory.buffer)
  const image = new Uint8Array(new SharedArrayBuffer(memory.length))
  image.set(memory)
  return image
}

/**
 * The program frees nothing when it ends and expects a fresh memory. Copying the first state back takes 1.5 ms, a new
 * instance 10 ms and 23 MB that wait for the garbage collector.
 */
function run(program: Program, image: Uint8Array, options: readonly string[], text: string): Int16Array<ArrayBuffer> {
  const memory = new Uint8Array(program.exports.memory.buffer)
  memory.set(image)
  memory.fill(0, image.length)

  const speech = new GrowingFile()
  const files = { text: new File(new TextEncoder().encode(text)), 'speech.wav': speech }
  const folder = new PreopenDirectory('.', new Map(Object.entries(files)))
  const command = ['flite', ...options, '-f', 'text', '-o', 'speech.wav']
  program.system = new WASI(command, [], [emptyFile(), emptyFile(), emptyFile(), folder], { debug: false })
  const code = program.system.start({ exports: program.exports })
  if (code !== 0) throw new Error(`Flite ended with code ${code}`)
  if (speech.data.length < headerBytes) throw new Error('Flite wrote no audio')
  return samplesOf(speech.written)
}

function emptyFile(): OpenFile {
  return new OpenFile(new File([]))
}

/** Flite writes the canonical header: 44 bytes, then 16-bit little endian to the end. */
const headerBytes = 44

function samplesOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Int16Array<ArrayBuffer> {
  return new Int16Array(buffer, byteOffset + headerBytes, Math.floor((byteLength - headerBytes) / 2))
}
