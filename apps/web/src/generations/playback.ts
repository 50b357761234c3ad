import { type RefObject, useEffect, useRef, useState } from 'react'

export interface Playback {
  state: 'paused' | 'playing' | 'waiting' | 'failed'
  /** Where it is, in milliseconds. */
  positionMs: number
  rate: number
  toggle: () => void
  /** @param positionMs kept within the audio. */
  seek: (positionMs: number) => void
  setRate: (rate: number) => void
  /** Fetches it again after it failed. */
  retry: () => void
}

/**
 * Plays what an `<audio>` element holds.
 *
 * @param durationMs how long it is; the element itself does not know before it has fetched something.
 * @param onPosition called with every frame while it plays, and wherever it is put: for what must move smoothly.
 */
export function usePlayback(
  audio: RefObject<HTMLAudioElement | null>,
  durationMs: number,
  onPosition: (share: number) => void,
): Playback {
  const [state, setState] = useState<Playback['state']>('paused')
  const [positionMs, setPositionMs] = useState(0)
  const [rate, setRate] = useState(1)
  const report = useRef(onPosition)
  report.current = onPosition

  useEffect(() => {
    const element = audio.current
    if (!element) return
    let frame = 0
    const showPosition = () => {
      const ms = element.ended ? durationMs : Math.min(durationMs, element.currentTime * 1000)
      setPositionMs(ms)
      report.current(durationMs === 0 ? 0 : ms / durationMs)
    }
    const follow = () => {
      showPosition()
      frame = requestAnimationFrame(follow)
    }
    const rest = (next: Playback['state']) => () => {
      cancelAnimationFrame(frame)
      showPosition()
      setState(next)
    }
    const listeners: Record<string, () => void> = {
      playing: () => {
        setState('playing')
        cancelAnimationFrame(frame)
        follow()
      },
      waiting: rest('waiting'),
      pause: rest('paused'),
      ended: rest('paused'),
      error: rest('failed'),
      seeked: showPosition,
    }
    for (const [type, listener] of Object.entries(listeners)) element.addEventListener(type, listener)
    return () => {
      cancelAnimationFrame(frame)
      for (const [type, listener] of Object.entries(listeners)) element.removeEventListener(type, listener)
    }
  }, [audio, durationMs])

  useEffect(() => {
    if (audio.current) audio.current.playbackRate = rate
  }, [audio, rate])

  const play = () => {
    // A refusal to play also comes as an `error` event, or is a pause that came sooner; neither is news here.
    audio.current?.play().catch(() => undefined)
  }

  return {
    state,
    positionMs,
    rate,
    setRate,
    toggle() {
      if (state === 'playing' || state === 'waiting') audio.current?.pause()
      else play()
    },
    seek(ms) {
      const element = audio.current
      if (!element) return
      const target = Math.max(0, Math.min(durationMs, ms))
      element.currentTime = target / 1000
      setPositionMs(target)
      report.current(durationMs === 0 ? 0 : target / durationMs)
    },
    retry() {
      audio.current?.load()
      setState('waiting')
      play()
    },
  }
}
