import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Assembler, Piece } from './assemble.ts'
import { createAssembler } from './assembler.ts'
import { assembly } from './assembly.ts'
import { audioFormatInfo, audioFormats, usualSampleRate } from './format.ts'
import { decodeAudio, exactFormats, speechLike } from './testing.ts'

let assembler: Assembler
beforeAll(() => {
  assembler = createAssembler({ threads: 2 })
})
afterAll(() => assembler.close())

const second = 24_000
const chapter = [16_000, 8000, 22_050, 24_000, 44_100, 48_000].map((sampleRate, index) =>
  piece(speechLike(sampleRate, sampleRate * 1.3 + index, 100 + 15 * index), { sampleRate, pauseMs: 150 + index }),
)

describe.for(audioFormats)('%s', (format) => {
  test('is the same bytes each time, however the pieces arrive', async () => {
    const whole = await encode(chapter, format)
    const torn = chapter.map((each) => ({ ...each, open: async () => tear(await each.open()) }))
    expect((await encode(torn, format)).equals(whole)).toBe(true)
  })

  test('a hundred at once on one thread are as right as one alone', async () => {
    const single = createAssembler({ threads: 1 })
    const alone = await encode(chapter.slice(0, 1), format)
    // Each of AAC's brings a thread of its own: there, ten say as much.
    const together = Array.from({ length: format === 'aac' ? 10 : 100 }, () =>
      buffer(single.encode(chapter.slice(0, 1), format)),
    )
    for (const encoded of await Promise.all(together)) expect(encoded.equals(alone)).toBe(true)
    await single.close()
  })
})

describe.for(exactFormats)('%s', (format) => {
  test.for([0, 1, 119, 479, 480, 575, 576, 577, 4096, 25_003])('of %i samples is that long', async (samples) => {
    const { usualSampleRate: sampleRate } = audioFormatInfo[format]
    const encoded = await encode([piece(speechLike(sampleRate, samples), { sampleRate })], format)
    if (samples === 0) {
      expect(encoded.length).toBeLessThan(1000)
    } else {
      const decoded = await decodeAudio(encoded, format)
      expect(decoded.samples.length).toBe((samples * decoded.sampleRate) / sampleRate)
    }
  })
})

test('nothing as AAC is nothing', async () => {
  expect((await encode([], 'aac')).length).toBe(0)
})

test('what a format does not take is refused before anything is opened', async () => {
  const unopened = { ...piece(new Int16Array(10)), open: () => Promise.reject(new Error('opened')) }
  const opus = assembler.encode([unopened], 'opus', { sampleRate: 44_100 })
  await expect(buffer(opus)).rejects.toThrow('sampleRate: opus takes 8000, 16000, 24000, or 48000 Hz, not 44100.')
  const wav = assembler.encode([unopened], 'wav', { bitRate: 64 })
  await expect(buffer(wav)).rejects.toThrow('bitRate: wav takes none')
})

describe('pieces that come one by one', () => {
  test.for(audioFormats)(
    'as %s, with the header it tells of at last, are the bytes of those that are there',
    async (format) => {
      const tags = { title: 'A title', voice: 'A voice' }
      const whole = await buffer(assembler.encode(chapter, format, { tags }))
      let header: Uint8Array = new Uint8Array()
      const onHeader = (told: Uint8Array) => {
        header = told
      }
      const bytes = await buffer(assembler.encode(Readable.from(chapter), format, { tags, onHeader }))
      bytes.set(header)
      expect(bytes.equals(whole)).toBe(true)
    },
  )

  test.for(audioFormats)('as %s are the same speech where nobody goes back to the header', async (format) => {
    const { samples: whole } = await decodeAudio(await encode(chapter, format), format)
    const bytes = await buffer(assembler.encode(Readable.from(chapter), format))
    const { samples } = await decodeAudio(bytes, format)
    // Of an MP3 that does not say how long it is decoders may leave the delay at its beginning, and what fills up its last frames.
    const leads = format === 'mp3' ? [0, 576 + 529] : [0]
    const bytesFrom = (lead: number) => Buffer.from(samples.slice(lead, lead + whole.length).buffer)
    expect(leads.some((lead) => bytesFrom(lead).equals(Buffer.from(whole.slice().buffer)))).toBe(true)
    expect(samples.length - whole.length).toBeLessThanOrEqual(format === 'mp3' ? 3 * 1152 : 0)
  })

  test('are encoded as they come, and not before', async () => {
    const second = Promise.withResolvers<Piece>()
    async function* coming() {
      yield piece(speechLike(24_000, 48_000), { pauseMs: 100 })
      yield await second.promise
    }
    const output = assembler.encode(coming(), 'pcm')
    let bytes = 0
    for await (const chunk of output) {
      bytes += chunk.length
      if (bytes === (48_000 + 2400) * 2) second.resolve(piece(speechLike(24_000, 24_000)))
    }
    expect(bytes).toBe((48_000 + 2400 + 24_000) * 2)
  })

  test('cannot be brought to a loudness that all of them would have to be heard for', async () => {
    const output = assembler.encode(Readable.from(chapter), 'wav', { loudness: -16 })
    await expect(buffer(output)).rejects.toThrow('loudness: what is still to come cannot be measured')
  })

  test('that do not come any more are the error of the encoding', async () => {
    async function* coming() {
      yield piece(speechLike(24_000, 48_000))
      throw new Error('the generation was canceled')
    }
    await expect(buffer(assembler.encode(coming(), 'flac'))).rejects.toThrow('the generation was canceled')
  })
})

describe('joining', () => {
  test('a pause is silence of its length between the pieces, and an empty piece is only its pause', async () => {
    const loud = new Int16Array(2400).fill(10_000)
    const pieces = [piece(loud, { pauseMs: 50 }), piece(new Int16Array(), { pauseMs: 25 }), piece(loud)]
    const { samples } = await decodeAudio(await encode(pieces, 'pcm'), 'pcm')
    expect(samples.length).toBe(2400 + 1200 + 600 + 2400)
    expect(samples.subarray(2400, 4200).every((sample) => sample === 0)).toBe(true)
    expect(samples[1200]).toBe(10_000)
    expect(samples[5400]).toBe(10_000)
  })

  test('a pause longer than a step is as long as it said', async () => {
    const encoded = await encode([piece(new Int16Array(), { pauseMs: 10_000 })], 'pcm')
    expect(encoded.equals(Buffer.alloc(10 * second * 2))).toBe(true)
  })

  test('nothing is opened before its turn', async () => {
    const opened: number[] = []
    const pieces = chapter.map((each, index) => ({
      ...each,
      open: () => {
        opened.push(index)
        return index === 2 ? Promise.reject(new Error('gone from storage')) : each.open()
      },
    }))
    await expect(encode(pieces, 'wav')).rejects.toThrow('gone from storage')
    expect(opened).toEqual([0, 1, 2])
  })
})

describe('a piece that is not what it said', () => {
  test.for([
    [99, 'pieces[1] gave 198 bytes, not the 200 of the 100 samples it said'],
    [0, 'pieces[1] gave 0 bytes, not the 200 of the 100 samples it said'],
    [101, 'pieces[1] gave more than the 100 samples it said'],
    [99.5, 'pieces[1] gave 199 bytes, not the 200 of the 100 samples it said'],
    [100.5, 'pieces[1] gave more than the 100 samples it said'],
  ] as const)('%d samples for 100 is an error', async ([given, message]) => {
    const wrong = { ...piece(new Int16Array(100)), open: async () => Readable.from([Buffer.alloc(given * 2)]) }
    await expect(encode([piece(new Int16Array(100)), wrong], 'wav')).rejects.toThrow(message)
  })

  test('a stream that never ends is left as soon as it is too long', async () => {
    const endless = Readable.from(
      (function* () {
        while (true) yield Buffer.alloc(1000)
      })(),
    )
    const wrong = { ...piece(new Int16Array(2000)), open: async () => endless }
    await expect(encode([wrong], 'flac')).rejects.toThrow('pieces[0] gave more than the 2000 samples it said')
    expect(endless.destroyed).toBe(true)
  })

  test('the error of its stream is the error of the encoding', async () => {
    const broken = new Readable({ read: () => void broken.destroy(new Error('the disk went away')) })
    const wrong = { ...piece(new Int16Array(2000)), open: async () => broken }
    await expect(encode([wrong], 'mp3')).rejects.toThrow('the disk went away')
  })

  test('a length that no audio has is refused', async () => {
    await expect(encode([{ ...piece(new Int16Array()), sampleRate: 0 }], 'mp3')).rejects.toThrow(RangeError)
  })
})

describe('a reader', () => {
  test('that stops reading stops the pieces from being read, and holds up nobody else', async () => {
    const pieceSamples = 2 * second
    const pieces = Array.from({ length: 100 }, () => piece(new Int16Array(pieceSamples)))
    let opened = 0
    const counted = pieces.map((each) => ({
      ...each,
      open: () => {
        opened++
        return each.open()
      },
    }))
    const slow = assembler.encode(counted, 'pcm')
    await once(slow, 'readable')
    await Promise.all([encode(pieces, 'pcm'), encode(pieces, 'pcm')])
    expect(opened).toBeLessThan(4)
    expect((await buffer(slow)).length).toBe(assembly(pieces).samples * 2)
  })

  test('that leaves without reading on closes the piece', async () => {
    const source = Readable.from(Array.from({ length: 1000 }, () => Buffer.alloc(10_000)))
    const output = assembler.encode([{ ...piece(new Int16Array(5_000_000)), open: async () => source }], 'pcm')
    await once(output, 'readable')
    await encode(chapter, 'pcm')
    output.destroy()
    await once(source, 'close')
  })

  test('that leaves while a piece gives nothing closes the piece', async () => {
    const stalled = stall()
    for await (const _ of assembler.encode([piece(new Int16Array(40_000)), stalled.piece], 'pcm')) {
      await stalled.opened
      break
    }
    await stalled.closed
  })
})

describe('an abort', () => {
  test('before the beginning opens nothing', async () => {
    const stalled = stall()
    const signal = AbortSignal.abort(new Error('not wanted'))
    await expect(buffer(assembler.encode([stalled.piece], 'wav', { signal }))).rejects.toThrow('not wanted')
    expect(stalled.openings()).toBe(0)
  })

  test('before anybody reads ends no process, and who reads hears why', async () => {
    const stalled = stall()
    const controller = new AbortController()
    const audio = assembler.encode([stalled.piece], 'wav', { signal: controller.signal })
    const closed = new Promise((resolve) => audio.once('close', resolve))
    controller.abort(new Error('the reader left'))
    await closed
    await expect(buffer(audio)).rejects.toThrow('the reader left')
  })

  test('while a piece gives nothing ends at once with its reason, and closes the piece', async () => {
    const stalled = stall()
    const controller = new AbortController()
    const encoded = buffer(assembler.encode([stalled.piece], 'opus', { signal: controller.signal }))
    await stalled.opened
    controller.abort(new Error('the generation was canceled'))
    await expect(encoded).rejects.toThrow('the generation was canceled')
    await stalled.closed
  })

  test('while a piece is being opened closes it when it opens', async () => {
    const stalled = stall()
    const opening = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const late: Piece = {
      ...stalled.piece,
      open: async () => {
        asked.resolve()
        await opening.promise
        return stalled.piece.open()
      },
    }
    const controller = new AbortController()
    const encoded = buffer(assembler.encode([late], 'flac', { signal: controller.signal }))
    await asked.promise
    controller.abort('a reason that is no error')
    await expect(encoded).rejects.toThrow('a reason that is no error')
    opening.resolve()
    await stalled.closed
  })

  test('by closing the assembler fails what is being encoded', async () => {
    const own = createAssembler({ threads: 1 })
    const stalled = stall()
    const output = own.encode([piece(speechLike(second, 60 * second)), stalled.piece], 'opus')
    await once(output, 'readable')
    const encoded = buffer(output)
    await Promise.all([own.close(), expect(encoded).rejects.toThrow('The thread that encoded this audio ended')])
    await expect(buffer(own.encode(chapter, 'wav'))).rejects.toThrow('The audio threads were closed')
  })
})

function encode(pieces: readonly Piece[], format: (typeof audioFormats)[number]): Promise<Buffer<ArrayBuffer>> {
  return buffer(assembler.encode(pieces, format))
}

function piece(samples: Int16Array, { sampleRate = usualSampleRate, pauseMs = 0 } = {}): Piece {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  return {
    samples: samples.length,
    sampleRate,
    pauseMs,
    open: async () => Readable.from([bytes], { objectMode: false }),
  }
}

/** The same bytes in chunks of 1, 2, 3 … 997 bytes, so that samples are torn apart. */
function tear(stream: Readable): Readable {
  return Readable.from(
    (async function* () {
      const bytes = await buffer(stream)
      for (let start = 0, length = 1; start < bytes.length; start += length, length = (length % 997) + 1) {
        yield bytes.subarray(start, start + length)
      }
    })(),
  )
}

/** A piece that opens and then gives nothing. */
function stall() {
  const opened = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  let openings = 0
  const open = async () => {
    openings++
    const stream = new Readable({ read: () => {} })
    stream.on('close', closed.resolve)
    opened.resolve()
    return stream
  }
  return {
    piece: { samples: 16_000, sampleRate: 16_000, pauseMs: 0, open } satisfies Piece,
    opened: opened.promise,
    closed: closed.promise,
    openings: () => openings,
  }
}
