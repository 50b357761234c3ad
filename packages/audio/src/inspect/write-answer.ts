import type { Inspection } from './inspector.ts'
import { InspectionRefusal } from './refusal.ts'

/** The answer on its way: JSON, the waveform in base64. */
export function writeAnswer(answer: Inspection | InspectionRefusal): string {
  if (answer instanceof InspectionRefusal) {
    const { reason, message } = answer
    return JSON.stringify({ refused: { reason, message } })
  }
  return JSON.stringify({ inspection: { ...answer, peaks: Buffer.from(answer.peaks).toString('base64') } })
}
