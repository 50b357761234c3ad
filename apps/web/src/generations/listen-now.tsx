import { useLayoutEffect, useRef } from 'react'
import { audioUrl } from './audio-url.ts'
import { PlayButton } from './play-button.tsx'
import { usePlayback } from './playback.ts'

/** How far somebody has listened. */
export interface Heard {
  readonly positionMs: number
  readonly isPlaying: boolean
}

interface ListenNowProps {
  id: string
  /** Told how far somebody got who began, when it is over or they go elsewhere. */
  onEnd: (heard: Heard) => void
}

/** Plays a generation that is still being made, from its beginning and as it comes. */
export function ListenNow({ id, onEnd }: ListenNowProps) {
  const audio = useRef<HTMLAudioElement>(null)
  // How long it will be nobody knows, and it cannot be sought in.
  const playback = usePlayback(audio, Number.POSITIVE_INFINITY, () => undefined)
  const tell = useRef(onEnd)
  tell.current = onEnd

  // Before it is taken off the page, which pauses it.
  useLayoutEffect(() => {
    const element = audio.current
    return () => {
      if (!element || element.currentTime === 0) return
      tell.current({ positionMs: element.currentTime * 1000, isPlaying: !element.paused })
      // Else the browser would go on fetching for an element that is gone.
      element.removeAttribute('src')
      element.load()
    }
  }, [])

  const again = { ...playback, toggle: playback.state === 'failed' ? playback.retry : playback.toggle }
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: it is speech, and its text stands on the same page. */}
      <audio ref={audio} src={audioUrl(id, 'mp3')} preload="none" />
      <PlayButton playback={again} label="Listen while it is made" />
    </>
  )
}
