import { writeSync } from 'node:fs'
import { openDescriptor } from './descriptor.ts'
import type { Inspection } from './inspector.ts'
import { limits } from './limits.ts'
import { measure } from './measure.ts'
import { open } from './open.ts'
import { InspectionRefusal } from './refusal.ts'
import { writeAnswer } from './write-answer.ts'

// A process for one file: 0 is the file, 1 takes the answer, and 3 and 4 are pipes to and from ffmpeg, when told so.
const wallMs = Number(process.argv[2])
const takesAac = process.argv.includes('aac')
const pipes = process.argv.includes('pipes') ? { to: 3, from: 4 } : undefined

// The decoders write what is wrong here and go on, some of them for ever.
Object.assign(console, {
  error(message: unknown) {
    throw new Error(`A decoder failed: ${message}`)
  },
})

// Whatever else happens, or does not, this process goes: the one that started it may be gone.
process.on('uncaughtException', (error) => give(refusalOf(error)))
setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2 * wallMs).unref()

try {
  const bytes = openDescriptor(0)
  give(await measure(await open(bytes, takesAac, pipes), bytes.size, watch))
} catch (error) {
  give(refusalOf(error))
}

function give(answer: Inspection | InspectionRefusal): never {
  writeSync(1, writeAnswer(answer))
  process.exit()
}

function refusalOf(error: unknown): InspectionRefusal {
  if (error instanceof InspectionRefusal) return error
  if (error instanceof RangeError && /memory|allocation/i.test(error.message)) {
    return new InspectionRefusal('audio_too_complex', 'The file needs more memory than there is for it.')
  }
  return new InspectionRefusal(
    'audio_undecodable',
    'The file cannot be decoded: it is damaged, or not what it begins as.',
  )
}

/** The same limits as the parent's, for systems where a process cannot be given them. */
function watch(): void {
  const { user, system } = process.cpuUsage()
  if (user + system > limits.cpuSeconds * 1e6) {
    throw new InspectionRefusal('audio_too_complex', `The file takes more than ${limits.cpuSeconds} s to decode.`)
  }
  if (process.memoryUsage.rss() > limits.memoryBytes) {
    throw new InspectionRefusal('audio_too_complex', 'The file needs more memory than there is for it.')
  }
}
