import type { Cue } from './cues.ts'

/** As SubRip has it: numbered, with a comma before the milliseconds. */
export function toSrt(cues: readonly Cue[]): string {
  return cues
    .map(({ startMs, endMs, lines }, index) => {
      // An arrow in a line would be taken for the times of a cue.
      const text = lines.join('\n').replaceAll('-->', '→')
      return `${index + 1}\n${clock(startMs, ',')} --> ${clock(endMs, ',')}\n${text}\n`
    })
    .join('\n')
}

/** As WebVTT has it (W3C). */
export function toVtt(cues: readonly Cue[], notes: readonly string[] = []): string {
  const blocks = cues.map(
    ({ startMs, endMs, lines }) =>
      `${clock(startMs, '.')} --> ${clock(endMs, '.')}\n${lines.map(escapeMarkup).join('\n')}\n`,
  )
  return ['WEBVTT\n', ...notes.map((note) => `NOTE ${note}\n`), ...blocks].join('\n')
}

const escapeMarkup = (line: string) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Hours, minutes, seconds and milliseconds of a whole number of milliseconds. */
function clock(ms: number, point: ',' | '.'): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}${point}${String(ms % 1_000).padStart(3, '0')}`
}
