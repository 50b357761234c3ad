import type { Container } from './container.ts'
import { limits } from './limits.ts'
import { InspectionRefusal } from './refusal.ts'

/** A few samples of each channel, all channels equally long, full scale being 1. */
export type Block = readonly Float32Array[]

/** What a file holds, decoded as it is read. */
export interface Sound {
  readonly container: Container
  readonly codec: string
  /** In hertz. */
  readonly sampleRate: number
  readonly channels: number
  /** The length that headers claim, in seconds; `null` where they claim none. */
  readonly claimedSeconds: number | null
  /** @throws InspectionRefusal, or whatever a decoder throws at what it cannot decode */
  readonly blocks: AsyncIterable<Block>
}

/** @throws InspectionRefusal `audio_unsupported` when the rate or the number of channels is not one that is taken */
export function checkShape(sampleRate: number, channels: number): void {
  if (!(sampleRate >= limits.minRate && sampleRate <= limits.maxRate)) {
    const range = `${limits.minRate} to ${limits.maxRate} Hz`
    throw new InspectionRefusal('audio_unsupported', `The file has a rate of ${sampleRate} Hz; give ${range}.`)
  }
  if (!(channels >= 1 && channels <= limits.maxChannels)) {
    const range = `1 to ${limits.maxChannels}`
    throw new InspectionRefusal('audio_unsupported', `The file has ${channels} channels; give ${range}.`)
  }
}

/** The samples of `blocks` without the first `skip`, and of what follows the first `keep`. */
export async function* cut(blocks: AsyncIterable<Block>, skip: number, keep = Infinity): AsyncGenerator<Block> {
  let before = skip
  let left = keep
  for await (const block of blocks) {
    const length = block[0]?.length ?? 0
    const from = Math.min(before, length)
    const to = Math.min(length, from + left)
    before -= from
    left -= to - from
    if (to > from) yield block.map((plane) => plane.subarray(from, to))
    if (left === 0) return
  }
}

/** The samples of `blocks` without the last `count`. */
export async function* withoutEnd(blocks: AsyncIterable<Block>, count: number): AsyncGenerator<Block> {
  const held: Block[] = []
  let samples = 0
  for await (const block of blocks) {
    held.push(block)
    samples += block[0]?.length ?? 0
    for (let [first] = held; first && samples - (first[0]?.length ?? 0) >= count; [first] = held) {
      yield first
      held.shift()
      samples -= first[0]?.length ?? 0
    }
  }
  yield* cut(asynchronous(held), 0, Math.max(0, samples - count))
}

async function* asynchronous<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}
