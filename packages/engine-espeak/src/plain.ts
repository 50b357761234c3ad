// SPDX-License-Identifier: GPL-3.0-or-later

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/**
 * A text as eSpeak says it and does nothing else: it always reads markup, and phonemes between `[[` and `]]`, and stops at a
 * NUL. Of what cannot be seen, only what joins letters is left.
 */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(/\ufffd|\p{Cc}/gu, ' ')
    .replace(/[\p{Cf}--[\u200c\u200d]]/gv, '')
    .replace(/[&<>]/g, (sign) => entities[sign] ?? '')
    .replace(/\[(?=\[)/g, '[ ')
}
