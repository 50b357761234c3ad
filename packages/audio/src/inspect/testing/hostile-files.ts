import { deflateRawSync, gzipSync } from 'node:zlib'
import { concat } from '../../encoders/encoder.ts'
import { createOggPager } from '../../encoders/ogg.ts'
import type { InspectionReason } from '../refusal.ts'
import { ascii, bigEndian, littleEndian, patched } from './bytes.ts'
import { makeFlac, metadataBlock } from './flac.ts'
import { box, makeMp4 } from './mp4.ts'
import { emptyPacket, longestEmptyPacket, makeOggOpus, opusHead } from './opus.ts'
import { hum, makeVoices, opusPackets, type Voices } from './voices.ts'
import { chunk, makeWav, type WavOptions } from './wav.ts'
import { ebmlHead, element, makeWebm } from './webm.ts'

/** A file that is not what it should be, and what is to be said of it where there is no ffmpeg. */
export interface HostileFile {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly reason: InspectionReason
  /** In its sentence. */
  readonly says: RegExp
}

type Row = readonly [name: string, content: Buffer<ArrayBuffer> | string, reason: InspectionReason, says: RegExp]

/** Some hundred of them, always the same bytes. */
export async function makeHostileFiles(): Promise<HostileFile[]> {
  const voices = await makeVoices()
  const packets = await opusPackets(2)
  const rows = [
    ...others(voices),
    ...twoAtOnce(voices),
    ...unknownInside(packets),
    ...chance(voices),
    ...lies(voices, packets),
    ...bombs(),
    ...mazes(packets),
    ...notToBeTaken(),
    ...cutOff(voices),
  ]
  return rows.map(([name, content, reason, says]) => ({
    name,
    bytes: typeof content === 'string' ? ascii(content) : content,
    reason,
    says,
  }))
}

/** What is no audio, or none that is taken. */
function others(voices: Voices): Row[] {
  const wma = Buffer.from('3026b2758e66cf11a6d900aa0062ce6c', 'hex')
  const heif = Buffer.concat([
    box('ftyp', [ascii('heic\0\0\0\0mif1heic')]),
    box('meta', []),
    box('mdat', [noise(4000)]),
  ])
  return [
    ['nothing', '', 'audio_undecodable', /is empty: it has 0 bytes/],
    ['one byte', 'R', 'audio_unsupported', /is text; give wav, mp3/],
    ['text', 'To be, or not to be.\n'.repeat(100), 'audio_unsupported', /is text; give wav, mp3/],
    ['a page', '<!doctype html><script>alert(1)</script>'.repeat(20), 'audio_unsupported', /is text/],
    ['a drawing', '<?xml version="1.0"?><svg onload="alert(1)"/>'.repeat(9), 'audio_unsupported', /is text/],
    ['a playlist', '#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n', 'audio_unsupported', /is text/],
    ['a list of files for ffmpeg', "ffconcat version 1.0\nfile '/etc/passwd'\n", 'audio_unsupported', /is text/],
    ['a program', behind('\x7fELF\x02\x01\x01', noise(4000)), 'audio_unsupported', /is a program/],
    ['a program of Windows', behind('MZ\x90\0', noise(4000)), 'audio_unsupported', /is a program/],
    ['a picture', behind('\x89PNG\r\n\x1a\n', noise(4000)), 'audio_unsupported', /is a PNG picture/],
    ['a picture in MP4', heif, 'audio_unsupported', /is a HEIF picture/],
    ['a document', behind('%PDF-1.7\n', noise(4000)), 'audio_unsupported', /is a PDF document/],
    ['an archive of 10 MB in 10 kB', zipped(Buffer.alloc(10 << 20)), 'audio_unsupported', /is a ZIP archive/],
    ['a packed WAV', gzipSync(voices.wav), 'audio_unsupported', /is a GZIP archive/],
    ['AIFF', behind('FORM\0\0\x10\0AIFFCOMM', noise(4000)), 'audio_unsupported', /is AIFF audio/],
    ['WMA', Buffer.concat([wma, noise(4000)]), 'audio_unsupported', /is WMA audio/],
    ['notes', 'MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0', 'audio_unsupported', /is a MIDI file/],
    ['chance', noise(50_000), 'audio_unsupported', /is no audio that is known/],
    ['zeros', Buffer.alloc(50_000), 'audio_unsupported', /is no audio that is known/],
  ]
}

/** Two things in one: a file is what it begins as. */
function twoAtOnce({ wav, mp3 }: Voices): Row[] {
  const page = '<html>'.repeat(100)
  return [
    ['a document with an MP3 in it', behind('%PDF-1.4\n', mp3), 'audio_unsupported', /is a PDF document/],
    ['a picture with a WAV in it', behind('GIF89a', wav), 'audio_unsupported', /is a GIF picture/],
    ['a page with a WAV in it', behind(page, wav), 'audio_unsupported', /is text/],
    ['an archive with an MP3 behind it', Buffer.concat([zipped(ascii('hello')), mp3]), 'audio_unsupported', /is a ZIP/],
    ['a tag with a page behind it', Buffer.concat([id3(100, 100), ascii(page)]), 'audio_unsupported', /is text/],
    [
      'an MP3 with an archive behind it',
      Buffer.concat([mp3, zipped(noise(200_000))]),
      'audio_mislabeled',
      /^\d{6} of the file's \d{6} bytes are not MP3/,
    ],
    [
      'a WAV with a program behind it',
      Buffer.concat([wav, ascii('\x7fELF'), noise(200_000)]),
      'audio_mislabeled',
      /says that it is 96044 bytes long, and has 296048/,
    ],
    [
      'a WAV that has no samples, and then a page',
      makeWav({ sampleRate: 16_000, channels: [[]], after: ascii(page) }),
      'audio_too_short',
      /has 0 s of sound; give at least 1 s/,
    ],
    ['an MP3 in a WAV', behind(endlessRiff, mp3), 'audio_undecodable', /no format in it/],
  ]
}

/** A known container of something else. */
function unknownInside(packets: readonly Uint8Array[]): Row[] {
  const webm = (options: Omit<Parameters<typeof makeWebm>[0], 'packets'>) =>
    makeWebm({ packets, packetMs: 20, ...options })
  const theora = makeOggOpus(packets, { head: ascii('\x80theora\x03\x02\x01        ') })
  const alac = makeMp4({ packets, packetSamples: 960, codec: 'alac' })
  return [
    ['a WAV of MP3', short({ says: { tag: 0x55, bits: 0 } }), 'audio_unsupported', /format 85 with 0 bits; give PCM/],
    ['a WAV of ADPCM', short({ says: { tag: 0x11, bits: 4 } }), 'audio_unsupported', /format 17 with 4 bits; give PCM/],
    ['a video', webm({ tracks: ['video', 'sound'] }), 'audio_unsupported', /is a video; give its sound/],
    ['two sounds', webm({ tracks: ['sound', 'sound'] }), 'audio_unsupported', /has 2 audio tracks; give it with one/],
    ['a WebM of AC-3', webm({ codec: 'A_AC3' }), 'audio_unsupported', /has ac3 in webm; give wav/],
    ['an MP4 of ALAC', alac, 'audio_unsupported', /has alac in m4a; give wav/],
    ['an Ogg of Theora', theora, 'audio_unsupported', /neither Opus, Vorbis nor FLAC in ogg; give wav/],
  ]
}

/** What begins well and goes on as chance. */
function chance({ flac }: Voices): Row[] {
  const emptyFlac = makeFlac({ sampleRate: 16_000, channels: 1, frames: 0, frameSamples: 4096 })
  const opus = makeOggOpus(repeat(150).map((_, n) => noise(200, n + 1)))
  return [
    ['a WAV of chance', behind(endlessRiff, noise(50_000)), 'audio_undecodable', /no format in it/],
    ['a FLAC of chance', behind('fLaC', noise(50_000)), 'audio_undecodable', /does not begin with 34 bytes/],
    ['a FLAC of frames of chance', Buffer.concat([emptyFlac, noise(50_000)]), 'audio_undecodable', /: 0 s of sound/],
    ['an MP3 of chance', behind('\xff\xfb\x90\xc4', noise(50_000)), 'audio_undecodable', /cannot be decoded/],
    ['an Ogg of chance', behind('OggS\0\x02', noise(50_000)), 'audio_unsupported', /neither Opus, Vorbis nor FLAC/],
    ['an Opus of chance', opus, 'audio_undecodable', /cannot be decoded/],
    ['a WebM of chance', Buffer.concat([ebmlHead, noise(50_000)]), 'audio_undecodable', /0 audio tracks/],
    [
      'an MP4 of chance',
      Buffer.concat([box('ftyp', [ascii('M4A \0\0\0\0')]), noise(50_000)]),
      'audio_undecodable',
      /0 audio tracks/,
    ],
    [
      'a FLAC with chance in its middle',
      patched(flac, flac.length >> 1, noise(4000)),
      'audio_mislabeled',
      /has 3 s of sound, and has [12]\.\d s: the rest is missing or damaged/,
    ],
  ]
}

/** What says what is not so. */
function lies({ wav, flac, mp3 }: Voices, packets: readonly Uint8Array[]): Row[] {
  const day = 86_400
  const everything = littleEndian(8, 2n ** 64n - 1n)
  const rf64 = short({
    before: chunk('ds64', Buffer.concat([everything, everything, Buffer.alloc(12)])),
    says: { id: 'RF64', riffLength: 0xffff_ffff, dataLength: 0xffff_ffff },
  })
  const opus = (mapping: readonly number[], channels: number) =>
    makeOggOpus(packets, { head: opusHead({ channels, mapping: Buffer.from(mapping) }), granules: 960 })
  const mp4 = (says: NonNullable<Parameters<typeof makeMp4>[0]['says']>) =>
    makeMp4({ packets, packetSamples: 960, says })
  const webm = (options: Omit<Parameters<typeof makeWebm>[0], 'packets'>) =>
    makeWebm({ packets, packetMs: 20, ...options })
  const frames = { sampleRate: 16_000, channels: 2, frames: 20, frameSamples: 4096 }
  const longHeader = Buffer.concat([flac.subarray(0, 4), metadataBlock(0, flac.subarray(8, 42)), id3(0)])
  const freeFormat = Buffer.concat(repeat(200, behind('\xff\xfb\x00\xc4', Buffer.alloc(400))))
  return [
    ['a WAV of 0 channels', short({ says: { channels: 0 } }), 'audio_unsupported', /has 0 channels; give 1 to 8/],
    ['a WAV of 1000', short({ says: { channels: 1000 } }), 'audio_unsupported', /has 1000 channels; give 1 to 8/],
    ['a WAV at 0 Hz', short({ says: { sampleRate: 0 } }), 'audio_unsupported', /a rate of 0 Hz; give 8000 to 192000/],
    ['a WAV at 4 GHz', short({ says: { sampleRate: 0xffff_ffff } }), 'audio_unsupported', /a rate of 4294967295 Hz/],
    ['a WAV in blocks of 7', short({ says: { block: 7 } }), 'audio_mislabeled', /contradicts itself.* blocks of 7/],
    ['a WAV that says stereo', short({ says: { channels: 2 } }), 'audio_mislabeled', /contradicts itself: 2 channels/],
    [
      'a WAV of 4 GB',
      short({ says: { dataLength: 0xffff_fff0 } }),
      'audio_mislabeled',
      /134217 s of sound, and has 1\.5/,
    ],
    [
      'a WAV whose lengths pass 32 bits',
      short({ before: chunk('junk', Buffer.alloc(8), 0xffff_fff8) }),
      'audio_undecodable',
      /no format in it/,
    ],
    ['a WAV of negative length', short({ says: { dataLength: 0x8000_0000 } }), 'audio_mislabeled', /67108 s of sound/],
    [
      'a WAV that is longer than it says',
      Buffer.concat([wav, noise(100_000)]),
      'audio_mislabeled',
      /says that it is 96044 bytes long, and has 196044/,
    ],
    ['an RF64 of 16 exabytes', rf64, 'audio_mislabeled', /says that it has \d{15} s of sound, and has 1\.5 s/],
    ['a WAV without a format', behind(endlessRiff, chunk('data', noise(9000))), 'audio_undecodable', /no format in it/],
    [
      'a FLAC that lasts a day',
      makeFlac({ ...frames, says: { samples: 16_000 * day } }),
      'audio_mislabeled',
      /has 86400 s of sound, and has 5\.1 s/,
    ],
    [
      'a FLAC at another rate',
      makeFlac({ ...frames, says: { sampleRate: 192_000 } }),
      'audio_mislabeled',
      /is of 2 channels at 192000 Hz, and is of 2 channels at 16000 Hz/,
    ],
    ['a FLAC at 0 Hz', makeFlac({ ...frames, says: { sampleRate: 0 } }), 'audio_unsupported', /a rate of 0 Hz/],
    [
      'a FLAC of other channels',
      makeFlac({ ...frames, says: { channels: 8 } }),
      'audio_mislabeled',
      /is of 8 channels at 16000 Hz, and is of 2/,
    ],
    ['a FLAC whose header goes on and on', longHeader, 'audio_mislabeled', /its header is longer than all of it/],
    [
      'a tag of 256 MB',
      Buffer.concat([id3(0xfff_ffff), mp3]),
      'audio_mislabeled',
      /its tag ends at byte 268435465, and has \d{5} bytes/,
    ],
    [
      'an MP3 that lasts an hour',
      patched(mp3, mp3.indexOf('Info') + 8, bigEndian(4, 150_000)),
      'audio_mislabeled',
      /has 3600 s of sound, and has [23](\.\d)? s: the rest/,
    ],
    ['an MP3 of free format', freeFormat, 'audio_undecodable', /cannot be decoded/],
    ['an Opus of 255 channels', opus([255, 255, 0, ...repeat(255, 0)], 255), 'audio_unsupported', /has 255 channels/],
    ['an Opus of 0 channels', opus([0], 0), 'audio_unsupported', /has 0 channels/],
    ['an Opus of channels that are not there', opus([1, 1, 0, 0, 9], 2), 'audio_undecodable', /maps channels that/],
    [
      'an Opus that lasts a day',
      makeOggOpus(repeat(600, emptyPacket), { lastPosition: 48_000 * day }),
      'audio_mislabeled',
      /86399 s of sound, and has \d+ s/,
    ],
    [
      'a WebM that lasts a day',
      webm({ durationMs: 1000 * day }),
      'audio_mislabeled',
      /86400 s of sound, and has 1\.9 s/,
    ],
    ['a WebM of 1000 channels', webm({ channels: 1000, head: opusHead() }), 'audio_unsupported', /has 1000 channels/],
    [
      'an MP4 that lasts a day',
      mp4({ duration: 48_000 * day }),
      'audio_mislabeled',
      /86400 s of sound, and has 1\.9 s/,
    ],
    ['an MP4 whose time stands still', mp4({ timeScale: 0 }), 'audio_undecodable', /cannot be decoded/],
    ['an MP4 cut to an hour', mp4({ edit: [0, 48_000 * 3600] }), 'audio_mislabeled', /3600 s of sound, and has 1\.9 s/],
    ['an MP4 cut to half a second', mp4({ edit: [312, 24_000] }), 'audio_too_short', /has 0\.5 s of sound/],
    ['an MP4 of 4,294,967,295 packets', mp4({ sampleCount: 0xffff_ffff }), 'audio_undecodable', /cannot be decoded/],
  ]
}

/** Small files of much sound. */
function bombs(): Row[] {
  const eight = opusHead({ channels: 8, mapping: Buffer.from([1, 8, 0, 0, 1, 2, 3, 4, 5, 6, 7]) })
  const eightEmpty = Uint8Array.from([...repeat(7, [0x18, 0]).flat(), 0x18])
  return [
    [
      'a FLAC of two hours in 13 kB',
      makeFlac({ sampleRate: 8000, channels: 1, frames: 900, frameSamples: 65_535 }),
      'audio_too_long',
      /more than 15 minutes of sound; give at most 15/,
    ],
    [
      'a FLAC of 500 million samples in 30 kB',
      makeFlac({ sampleRate: 192_000, channels: 8, frames: 1000, frameSamples: 65_535 }),
      'audio_too_complex',
      /'s \d{5} bytes decode to more than 10\d million samples/,
    ],
    [
      'an Opus of twenty minutes in 30 kB',
      makeOggOpus(repeat(10_000, longestEmptyPacket), { granules: 5760 }),
      'audio_too_long',
      /more than 15 minutes/,
    ],
    [
      'an Opus of 200 million samples',
      makeOggOpus(repeat(10_000, eightEmpty), { head: eight }),
      'audio_too_complex',
      /'s \d{6} bytes decode to more than 11\d million samples/,
    ],
    ['a WebM of twenty minutes', makeWebm({ packets: repeat(20_000, emptyPacket) }), 'audio_too_long', /15 minutes/],
    [
      'an MP4 that plays the same bytes again and again',
      makeMp4({ packets: repeat(100, longestEmptyPacket), packetSamples: 5760, says: { chunks: 100 } }),
      'audio_too_long',
      /more than 15 minutes/,
    ],
    ['an MP3 of sixteen minutes', Buffer.concat(repeat(13_400, silentMp3Frame)), 'audio_too_long', /15 minutes/],
    [
      'a WAV of sixteen minutes',
      makeWav({ sampleRate: 8000, channels: [new Float32Array(16 * 60 * 8000)], encoding: 'u8' }),
      'audio_too_long',
      /more than 15 minutes/,
    ],
  ]
}

/** What leads whoever reads it around. */
function mazes(packets: readonly Uint8Array[]): Row[] {
  const once = makeOggOpus(packets, { granules: 960 })
  const segment = ascii('\x18\x53\x80\x67\xff')
  const tracks = ascii('\x16\x54\xae\x6b\xff')
  return [
    [
      'a WAV of a hundred thousand chunks',
      Buffer.concat([ascii(endlessRiff), ...repeat(100_000, chunk('junk', Buffer.alloc(0)))]),
      'audio_undecodable',
      /no format in it/,
    ],
    [
      'elements within elements',
      Buffer.concat([ebmlHead, ...repeat(2000, segment)]),
      'audio_undecodable',
      /0 audio tracks/,
    ],
    [
      'tracks within tracks',
      Buffer.concat([ebmlHead, element(0x18538067, repeat(2000, tracks), null)]),
      'audio_undecodable',
      /0 audio tracks/,
    ],
    ['boxes within boxes', deepBoxes(2000), 'audio_undecodable', /cannot be decoded/],
    [
      'clusters of unknown size that hold chance',
      Buffer.concat([makeWebm({ packets: [] }), element(0x1f43b675, [noise(50_000)], null)]),
      'audio_undecodable',
      /0 s of sound/,
    ],
    ['pages and pages without sound', endlessPages(2000), 'audio_undecodable', /cannot be decoded|0 audio/],
    ['one stream behind the other', Buffer.concat([once, once]), 'audio_unsupported', /second from byte \d+ on/],
  ]
}

/** What decodes as it should, and is nothing to make a voice from. */
function notToBeTaken(): Row[] {
  const taken = (samples: ArrayLike<number>, encoding: WavOptions['encoding'] = 's16') =>
    makeWav({ sampleRate: 16_000, channels: [samples], encoding })
  const wave = (level: number) =>
    Float32Array.from({ length: 48_000 }, (_, n) => level * Math.sin((2 * Math.PI * 200 * n) / 16_000))
  const loud = hum(16_000, 3).map((sample) => Math.max(-1, Math.min(1, 100 * sample)))
  const without = (value: number) => hum(16_000, 2).map((sample, n) => (n === 9999 ? value : sample))
  return [
    ['0.3 s', taken(hum(16_000, 0.3)), 'audio_too_short', /has 0\.3 s of sound; give at least 1 s/],
    ['silence', taken(new Float32Array(48_000)), 'audio_silent', /of its 3 s 0 s can be heard/],
    ['a hum below hearing', taken(wave(0.0001)), 'audio_silent', /of its 3 s 0 s can be heard/],
    ['nothing but an offset', taken(new Float32Array(48_000).fill(0.5)), 'audio_silent', /of its 3 s 0 s/],
    ['a square at full scale', taken(wave(1).map(Math.sign)), 'audio_clipped', /^100 % of the file is cut off/],
    ['a voice that is far too loud', taken(loud), 'audio_clipped', /^4\d % of the file is cut off at full scale/],
    ['a float that is no number', taken(without(Number.NaN), 'f32'), 'audio_undecodable', /not numbers, from 9999 on/],
    ['a float without end', taken(without(-Infinity), 'f64'), 'audio_undecodable', /not numbers, from 99\d\d on/],
    ['floats of 10^30', taken(wave(1e30), 'f32'), 'audio_clipped', /^100 % of the file/],
  ]
}

/** Each kind of file, ending in its head, after a tenth, after half, and near the end. */
function cutOff(voices: Voices): Row[] {
  const inHead: Readonly<Record<keyof Voices, readonly [InspectionReason, RegExp]>> = {
    wav: ['audio_undecodable', /half a header/],
    mp3: ['audio_mislabeled', /its tag ends at byte 36, and has 20 bytes/],
    flac: ['audio_undecodable', /cannot be decoded/],
    opus: ['audio_undecodable', /ends in its head/],
    vorbis: ['audio_undecodable', /ends in its head/],
    webm: ['audio_mislabeled', /ends at byte 26, and has 20 bytes/],
    m4a: ['audio_undecodable', /0 audio tracks/],
  }
  const missing =
    /says that it(s last page)? (has 3 s of sound, and has \d(\.\d)? s: the rest|ends at byte \d+, and has \d+ bytes: the end) is missing/
  const early: Readonly<Partial<Record<keyof Voices, readonly [InspectionReason, RegExp]>>> = {
    flac: ['audio_undecodable', /0 s of sound/],
  }
  return (Object.keys(voices) as (keyof Voices)[]).flatMap((kind): Row[] => {
    const whole = voices[kind]
    const later = kind === 'm4a' ? inHead.m4a : (['audio_mislabeled', missing] as const)
    return [
      [`20 bytes of ${kind}`, whole.subarray(0, 20), ...inHead[kind]],
      [`a tenth of ${kind}`, whole.subarray(0, whole.length / 10), ...(early[kind] ?? later)],
      [`half of ${kind}`, whole.subarray(0, whole.length / 2), ...later],
      [`nine tenths of ${kind}`, whole.subarray(0, whole.length * 0.9), ...later],
    ]
  })
}

const endlessRiff = 'RIFF\xff\xff\xff\xffWAVE'

/** MPEG-2.5 at 8 kHz and 8 kbit/s: 72 ms of silence in 72 bytes. */
const silentMp3Frame = behind('\xff\xe3\x18\xc4', Buffer.alloc(68))

/** A second and a half of a voice. */
const short = (options: Partial<WavOptions>) =>
  makeWav({ sampleRate: 16_000, channels: [hum(16_000, 1.5)], ...options })

function behind(head: string, content: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.concat([ascii(head), content])
}

function repeat(count: number): undefined[]
function repeat<T>(count: number, value: T): T[]
function repeat<T>(count: number, value?: T): (T | undefined)[] {
  return Array.from({ length: count }, () => value)
}

/** Bytes that look like chance. */
function noise(length: number, seed = 1): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(length)
  let state = seed
  for (let n = 0; n < length; n++) {
    state = (state * 48_271) % 2_147_483_647
    bytes[n] = state >> 8
  }
  return bytes
}

/** An ID3v2 tag. @param length that it says it has. @param bytes that it has */
function id3(length: number, bytes = 0): Buffer<ArrayBuffer> {
  const sevens = [21, 14, 7, 0].map((shift) => (length >> shift) & 127)
  return Buffer.concat([ascii('ID3\x04\0\0'), Buffer.from(sevens), Buffer.alloc(bytes)])
}

/** An archive of one file. */
function zipped(content: Uint8Array): Buffer<ArrayBuffer> {
  const packed = deflateRawSync(content)
  return Buffer.concat([
    ascii('PK\x03\x04'),
    ...[20, 0, 8, 0, 0].map((value) => littleEndian(2, value)),
    ...[0, packed.length, content.length].map((value) => littleEndian(4, value)),
    ...[5, 0].map((value) => littleEndian(2, value)),
    ascii('a.wav'),
    packed,
  ])
}

function deepBoxes(depth: number): Buffer<ArrayBuffer> {
  const heads = repeat(depth).map((_, n) =>
    behind('', Buffer.concat([bigEndian(4, 8 * (depth - n)), ascii(n === 0 ? 'moov' : 'trak')])),
  )
  return Buffer.concat([box('ftyp', [ascii('M4A \0\0\0\0')]), ...heads])
}

function endlessPages(count: number): Buffer<ArrayBuffer> {
  const pager = createOggPager()
  const head = [pager.add(opusHead(), 0), pager.flush()]
  return Buffer.concat([...head, ...repeat(count).map(() => concat([pager.add(new Uint8Array(), 0), pager.flush()]))])
}
