/// <reference path="./webassembly.d.ts" />
import { parentPort, workerData } from 'node:worker_threads'
import { createFlite } from './flite.ts'
import { speakWithin } from './haste.ts'
import { trimSilence } from './trim.ts'

/** What a thread is started with. */
export interface ThreadData {
  readonly module: WebAssembly.Module
  readonly image: Uint8Array<SharedArrayBuffer>
}

/** What a thread is asked to speak. */
export interface ThreadRequest {
  readonly arguments: readonly string[]
  readonly text: string
  /** What sounds are lengthened by. */
  readonly stretch: number
  /** How long the speech may be; it is hastened where it would be longer. */
  readonly mostSamples: number
  /** Factor that the samples are multiplied by. */
  readonly gain: number
}

export type ThreadReply = { readonly samples: Int16Array<ArrayBuffer> } | { readonly failure: unknown }

const { module, image } = workerData as ThreadData
const flite = createFlite(module, image)

parentPort?.on('message', (request: ThreadRequest) => {
  try {
    const spoken = speak(request)
    const samples = amplify(spoken, request.gain)
    // Left to the garbage collector, it would be what the thread grows by.
    spoken.buffer.transfer(0)
    reply({ samples }, [samples.buffer])
  } catch (failure) {
    // It failed on this text and not on the next: the thread stays.
    reply({ failure }, [])
  }
})

function speak({ arguments: options, text, stretch, mostSamples }: ThreadRequest): Int16Array<ArrayBuffer> {
  return speakWithin(mostSamples, stretch, (hasty) =>
    trimSilence(flite([...options, '--setf', `duration_stretch=${hasty}`], text), hasty),
  )
}

function reply(message: ThreadReply, transfer: ArrayBuffer[]): void {
  parentPort?.postMessage(message, transfer)
}

function amplify(samples: Int16Array, gain: number): Int16Array<ArrayBuffer> {
  const amplified = new Int16Array(samples.length)
  for (let n = 0; n < samples.length; n++) {
    // What Math.round is, which takes five times as long.
    amplified[n] = Math.max(-32_768, Math.min(32_767, Math.floor((samples[n] as number) * gain + 0.5)))
  }
  return amplified
}
