import { type AudioFormat, audioFormatInfo } from '@loqui/audio/format'
import type { Caller } from '../context.ts'
import { newId } from '../ids.ts'

/** Everything a generation ever wrote lies below one prefix, and below that by who wrote it. */
const prefix = (generationId: string) => `generations/${generationId}/`
const renditions = (generationId: string) => `${prefix(generationId)}renditions/`

export const segmentKey = (generationId: string, attempt: string, index: number) =>
  `${prefix(generationId)}${attempt}/${index}.pcm`

export const audioKey = (generationId: string, attempt: string, format: AudioFormat) =>
  `${prefix(generationId)}${attempt}/audio.${audioFormatInfo[format].extension}`

export const renditionKey = (generationId: string, format: AudioFormat) =>
  `${renditions(generationId)}${newId()}.${audioFormatInfo[format].extension}`

/** Removes all that a generation ever wrote. */
export async function purgeAudio({ storage }: Caller<'storage'>, generationId: string): Promise<void> {
  await storage.remove(await Array.fromAsync(storage.list(prefix(generationId)), ({ key }) => key))
}

/** Removes what attempts wrote and nobody refers to. Renditions are not theirs: one may be made at this moment. */
export async function purgeAttempts(
  { storage }: Caller<'storage'>,
  generationId: string,
  keep: readonly string[],
): Promise<void> {
  const keys = await Array.fromAsync(storage.list(prefix(generationId)), ({ key }) => key)
  await storage.remove(keys.filter((key) => !keep.includes(key) && !key.startsWith(renditions(generationId))))
}
