import { clsx } from 'clsx'
import { LoaderCircle, Pause, Play } from 'lucide-react'
import type { Playback } from './playback.ts'

interface PlayButtonProps {
  playback: Pick<Playback, 'state' | 'toggle'>
  /** What it plays, for who does not see it. */
  label?: string
}

/** Plays and pauses. */
export function PlayButton({ playback: { state, toggle }, label = 'Play' }: PlayButtonProps) {
  const isPlaying = state === 'playing' || state === 'waiting'
  return (
    <button
      type="button"
      aria-label={isPlaying ? 'Pause' : label}
      onClick={toggle}
      className={clsx(
        'grid size-10 shrink-0 place-items-center rounded-full bg-accent text-on-accent transition-colors duration-150',
        'hover:bg-accent-hover pointer-coarse:size-11 [&_svg]:size-4.5',
      )}
    >
      {state === 'waiting' ? (
        <LoaderCircle aria-hidden className="animate-spin" />
      ) : isPlaying ? (
        <Pause aria-hidden className="fill-current" />
      ) : (
        <Play aria-hidden className="translate-x-px fill-current" />
      )}
    </button>
  )
}
