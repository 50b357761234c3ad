import { type CreateEncoder, concat } from './encoder.ts'

/**
 * Encoders at once in one thread, each of which has a thread of its own from its package: more of them wait for one to end.
 */
const mostEncoders = 4

let places = mostEncoders
const waiting: (() => void)[] = []

async function takePlace(): Promise<void> {
  if (places > 0) places--
  else await new Promise<void>((resolve) => waiting.push(resolve))
}

function givePlace(): void {
  const next = waiting.shift()
  if (next) next()
  else places++
}

/**
 * AAC-LC in ADTS by FFmpeg's encoder. ADTS has neither tags nor a length: decoded, it begins with 1024 samples that are the
 * codec's delay, and ends with what fills up its last frame of 1024.
 */
export const createAacEncoder: CreateEncoder = async ({ sampleRate, bitRate }) => {
  if (bitRate === null) throw new RangeError('AAC needs a bit rate')
  await takePlace()
  try {
    // Loaded by the first that needs it: it is as large as all other codecs together.
    const { AdtsOutputFormat, AudioSample, AudioSampleSource, Output, StreamTarget } = await import('mediabunny')
    const { registerAacEncoder } = await import('@mediabunny/aac-encoder')
    registerAacEncoder()

    let parts: Uint8Array[] = []
    const take = () => {
      const taken = concat(parts)
      parts = []
      return taken
    }
    const bytes = new WritableStream<{ readonly data: Uint8Array }>({
      write: ({ data }) => void parts.push(data.slice()),
    })
    const output = new Output({ format: new AdtsOutputFormat(), target: new StreamTarget(bytes) })
    const source = new AudioSampleSource({ codec: 'aac', bitrate: bitRate * 1000 })
    output.addAudioTrack(source)
    await output.start()
    let given = 0
    let ended = false

    return {
      header: new Uint8Array(),
      async encode(data) {
        const sample = new AudioSample({
          data,
          format: 's16',
          numberOfChannels: 1,
          sampleRate,
          timestamp: given / sampleRate,
        })
        given += data.length
        await source.add(sample)
        sample.close()
        return take()
      },
      async finish() {
        // Without a single sample there is no track, and nothing to be written.
        if (given > 0) await output.finalize()
        ended = given > 0
        return take()
      },
      free() {
        givePlace()
        if (!ended) void output.cancel()
      },
    }
  } catch (error) {
    givePlace()
    throw error
  }
}
