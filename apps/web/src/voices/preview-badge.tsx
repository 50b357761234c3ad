/** What a voice is that only follows pitch and pace, in a sentence. */
export const previewNote = 'A preview follows the pitch and pace of its samples, not the voice itself.'

/** Marks a voice that must not be taken for the one in its samples. It stands wherever such a voice is named. */
export function PreviewBadge() {
  return (
    <span
      title={previewNote}
      className="inline-block shrink-0 rounded-full bg-warning-soft px-1.5 align-[0.08em] font-sans text-2xs font-medium text-warning-text"
    >
      Preview
    </span>
  )
}
