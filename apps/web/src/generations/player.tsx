import type { Generation } from '@loqui/sdk'
import { clsx } from 'clsx'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { formatClock, formatSpeed } from '../format.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { Menu, MenuChoice } from '../ui/menu.tsx'
import { Alert } from '../ui/notice.tsx'
import { audioUrl } from './audio-url.ts'
import { playableFormat } from './formats.ts'
import type { Heard } from './listen-now.tsx'
import type { SegmentLengths } from './live.ts'
import { PlayButton } from './play-button.tsx'
import { usePlayback } from './playback.ts'
import { Strip } from './strip.tsx'

const rates = [0.75, 1, 1.25, 1.5, 2].map((rate) => ({ value: String(rate), label: formatSpeed(rate) }))

interface PlayerProps {
  generation: Generation
  lengths: SegmentLengths
  /** What was heard of it while it was made: it goes on from there. */
  heard?: Heard | undefined
}

/** Plays a generation that has succeeded, along the strip of its segments. */
export function Player({ generation, lengths, heard }: PlayerProps) {
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
  const goOn = useRef(() => {
    if (!heard) return
    playback.seek(heard.positionMs)
    if (heard.isPlaying) playback.toggle()
  })
  useEffect(() => goOn.current(), [])
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
        <PlayButton playback={playback} />
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
