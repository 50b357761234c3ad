import { InspectionRefusal } from './refusal.ts'

/** How far what headers say may be from what is there, in seconds, and as a share of it. */
const tolerance = { seconds: 0.2, share: 0.02 }

/** @throws InspectionRefusal `audio_mislabeled` when the length that a file claims is not near the one it has */
export function checkLength(claimedSeconds: number, seconds: number): void {
  if (Math.abs(claimedSeconds - seconds) <= Math.max(tolerance.seconds, tolerance.share * seconds)) return
  const has = `${inSeconds(seconds)}${seconds < claimedSeconds ? ': the rest is missing or damaged' : ''}`
  throw new InspectionRefusal(
    'audio_mislabeled',
    `The file says that it has ${inSeconds(claimedSeconds)} of sound, and has ${has}.`,
  )
}

/** For sentences. Never more than there is: what is below a limit must not look as if it were not. */
export function inSeconds(seconds: number): string {
  return `${seconds < 10 ? Math.floor(seconds * 10) / 10 : Math.floor(seconds)} s`
}
