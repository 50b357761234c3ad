import { z } from 'zod'
import { containers } from './container.ts'
import { type Inspection, peakCount } from './inspector.ts'
import { limits } from './limits.ts'
import { InspectionRefusal, inspectionReasons } from './refusal.ts'

const level = z.number().min(-120).max(200)

/** What a process may answer: anything else is not believed, since what it read may have broken it. */
const answerSchema = z.union([
  z.strictObject({
    refused: z.strictObject({ reason: z.enum(inspectionReasons), message: z.string().min(1).max(300) }),
  }),
  z.strictObject({
    inspection: z.strictObject({
      container: z.enum(containers),
      codec: z.string().regex(/^[a-z0-9-]{1,20}$/),
      durationMs: z.int().min(limits.minMs).max(limits.maxMs),
      sampleRate: z.int().min(limits.minRate).max(limits.maxRate),
      channels: z.int().min(1).max(limits.maxChannels),
      peaks: z
        .base64()
        .transform((text) => Uint8Array.from(Buffer.from(text, 'base64')))
        .refine((peaks) => peaks.length === peakCount),
      measured: z.strictObject({
        loudnessLufs: level.nullable(),
        peakDbfs: level,
        speechMs: z.int().min(0).max(limits.maxMs),
        clippedShare: z.number().min(0).max(1),
        noiseDbfs: level,
        pitchHz: z.number().min(1).max(10_000).nullable(),
        syllablesPerSecond: z.number().min(0).max(100).nullable(),
      }),
    }),
  }),
])

/** @throws InspectionRefusal that was answered, or an error when it is no answer */
export function readAnswer(text: string): Inspection {
  const answer = answerSchema.parse(JSON.parse(text))
  if ('refused' in answer) throw new InspectionRefusal(answer.refused.reason, answer.refused.message)
  return answer.inspection
}
