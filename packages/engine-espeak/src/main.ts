#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
import { createInterface } from 'node:readline'
import { type Espeak, type Order, openEspeak, sampleRate } from './espeak.ts'
import { writeFrame } from './frames.ts'

/** One line of the input. */
interface Line extends Order {
  readonly id: number
}

const espeak = await openEspeak()
writeFrame({ protocol: 'speech/1', sampleRate, voices: espeak.voices })
for await (const line of createInterface({ input: process.stdin })) answer(espeak, line)

function answer({ speak }: Espeak, line: string): void {
  let id: number | null = null
  try {
    const order = readLine(line)
    id = order.id
    const cut = speak(order, (samples) => writeFrame({ id }, samples))
    writeFrame({ id, end: true, ...(cut && { cut }) })
  } catch (error) {
    writeFrame({ id, error: error instanceof Error ? error.message : String(error) })
  }
}

/** @throws {Error} for what is no order. */
function readLine(line: string): Line {
  const given: Partial<Record<keyof Line, unknown>> = Object(JSON.parse(line))
  const { id, text, voice, speed = 1, pitch = 0, mostSamples = Number.POSITIVE_INFINITY } = given
  if (typeof id !== 'number' || typeof text !== 'string' || typeof voice !== 'string') throw new Error('no order')
  if (typeof speed !== 'number' || typeof pitch !== 'number' || typeof mostSamples !== 'number')
    throw new Error('no order')
  return { id, text, voice, speed, pitch, mostSamples }
}
