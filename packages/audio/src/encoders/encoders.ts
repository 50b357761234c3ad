import type { AudioFormat } from '../format.ts'
import { createAacEncoder } from './aac.ts'
import type { CreateEncoder } from './encoder.ts'
import { createFlacEncoder } from './flac.ts'
import { createAlawEncoder, createUlawEncoder } from './g711.ts'
import { createMp3Encoder } from './mp3.ts'
import { createOpusEncoder } from './opus.ts'
import { createPcmEncoder } from './pcm.ts'
import { createWavEncoder } from './wav.ts'

/** How each format is encoded. */
export const encoders: Record<AudioFormat, CreateEncoder> = {
  wav: createWavEncoder,
  mp3: createMp3Encoder,
  opus: createOpusEncoder,
  flac: createFlacEncoder,
  aac: createAacEncoder,
  pcm: createPcmEncoder,
  ulaw: createUlawEncoder,
  alaw: createAlawEncoder,
}
