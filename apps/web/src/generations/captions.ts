/** Every form that captions can be had in, and what to say of it. */
export const captionOptions = [
  { value: 'srt', label: 'SRT', detail: 'Subtitles, for video editors' },
  { value: 'vtt', label: 'VTT', detail: 'Subtitles, for the web' },
  { value: 'json', label: 'JSON', detail: 'Every word’s time, for programs' },
] as const

/** Where the captions of a generation are, as a file to save. */
export const captionsUrl = (id: string, format: (typeof captionOptions)[number]['value']) =>
  `/api/v1/generations/${encodeURIComponent(id)}/captions.${format}?download=1`
