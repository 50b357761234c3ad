import type { Generation } from '@loqui/sdk'
import { clsx } from 'clsx'
import { LoaderCircle, Pause, Play } from 'lucide-react'
import { type KeyboardEvent, useRef, useState } from 'react'
import { formatClock, formatSpeed } from '../format.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { Menu, MenuChoice } from '../ui/menu.tsx'
import { Alert } from '../ui/notice.tsx'
import { audioUrl } from './audio-url.ts'
import { playableFormat } from './formats.ts'
import type { SegmentLengths } from './live.ts'
import { usePlayback } from './playback.ts'
import { Strip } from './strip.tsx'

const rates = [0.75, 1, 1.25, 1.5, 2].map((rate) => ({ value: String(rate), label: formatSpeed(rate) }))

interface PlayerProps {
  generation: Generation
  lengths: SegmentLengths
}

/** Plays a generation that has succeeded, along the strip of its segments. */
export function Player({ generation, lengths }: PlayerProps) {
  const { id, format, segments, title, excerpt } = generation
  const durationMs = generation.durationMs ?? 0
  const audio = useRef<HTMLAudioElement>(null)
  const strip = useRef<HTMLDivElement>(null)
  const [source] = useState(() => {
    const probe = document.createElement('audio')
    return audioUrl(
      id,
      playableFormat(format, (contentType) => probe.canPlayType(contentType)),
    )
  })
  const playback = usePlayback(audio, durationMs, (share) => {
    strip.current?.style.setProperty('--played', `${share * 100}%`)
  })
  const { state, positionMs } = playback
  const isPlaying = state === 'playing' || state === 'waiting'
  const clock = `${formatClock(positionMs)} of ${formatClock(durationMs)}`

  const onKeyDown = (event: KeyboardEvent) => {
    const stepMs = durationMs < 30_000 ? 1_000 : 5_000
    if (event.key === 'ArrowLeft') playback.seek(positionMs - stepMs)
    else if (event.key === 'ArrowRight') playback.seek(positionMs + stepMs)
    else if (event.key === ' ') playback.toggle()
    else return
    event.preventDefault()
  }

  return (
    <div className="flex flex-col gap-2">
      {/* biome-ignore lint/a11y/useMediaCaption: it is speech, and its text stands on the same page. */}
      <audio ref={audio} src={source} preload="metadata" aria-label={title ?? excerpt} />
      {state === 'failed' && (
        <Alert
          action={
            <Button size="sm" onClick={playback.retry}>
              Try again
            </Button>
          }
        >
          The audio could not be fetched.
        </Alert>
      )}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <button
          type="button"
          aria-label={isPlaying ? 'Pause' : 'Play'}
          onClick={playback.toggle}
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
        <div className="min-w-0 flex-1 basis-0 @max-[22.5rem]:order-first @max-[22.5rem]:basis-full">
          <div
            ref={strip}
            className="rounded-sm outline-offset-2 has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent"
          >
            <Strip total={segments.total} lengths={lengths} mode="ready">
              <input
                type="range"
                aria-label="Position"
                aria-valuetext={clock}
                min={0}
                max={durationMs}
                step={10}
                value={positionMs}
                onChange={(event) => playback.seek(event.currentTarget.valueAsNumber)}
                onKeyDown={onKeyDown}
                className="absolute inset-0 w-full cursor-pointer opacity-0"
              />
            </Strip>
          </div>
        </div>
        <span className="shrink-0 text-xs text-muted tabular-nums @max-[22.5rem]:mr-auto" aria-hidden>
          {formatClock(positionMs)} <span className="text-subtle">/ {formatClock(durationMs)}</span>
        </span>
        <Menu
          trigger={
            <button
              type="button"
              aria-label={`Listening speed, ${formatSpeed(playback.rate)}`}
              className={clsx(buttonClass({ variant: 'ghost', size: 'sm' }), 'min-w-12 tabular-nums')}
            >
              {formatSpeed(playback.rate)}
            </button>
          }
        >
          <MenuChoice
            label="Listening speed"
            value={String(playback.rate)}
            options={rates}
            onChange={(rate) => playback.setRate(Number(rate))}
          />
        </Menu>
      </div>
    </div>
  )
}
