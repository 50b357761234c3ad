/** Five bars, one for each letter of “loqui” and as high and low as it: a word that is already a sound. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" fill="currentColor" aria-hidden className={className}>
      <rect x="1.2" y="2.5" width="2.6" height="14" rx="1.3" />
      <rect x="5.9" y="8.5" width="2.6" height="8" rx="1.3" />
      <rect x="10.7" y="8.5" width="2.6" height="13.5" rx="1.3" />
      <rect x="15.5" y="8.5" width="2.6" height="8" rx="1.3" />
      <rect x="20.2" y="8.5" width="2.6" height="8" rx="1.3" />
      <circle cx="21.5" cy="4.2" r="1.6" />
    </svg>
  )
}

export function Wordmark() {
  return (
    <span className="inline-flex items-center gap-2.5 text-ink">
      <Mark className="size-6 text-accent" />
      <span className="font-serif text-[1.375rem] leading-none font-medium tracking-[-0.015em]">Loqui</span>
    </span>
  )
}
