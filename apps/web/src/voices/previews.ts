import type { Voice } from '@loqui/sdk'
import { useEffect, useRef, useState } from 'react'
import { toast } from '../ui/toast.tsx'

export interface Previews {
  /** Which voice is heard, or about to be. */
  heard: { voiceId: string; state: 'waiting' | 'playing' } | null
  /** Lets a voice be heard instead of the one before; the one that is heard falls silent. */
  toggle: (voice: Pick<Voice, 'id' | 'previewUrl'>) => void
}

/** Lets voices speak their sentence, one at a time. They fall silent with the part of the page they are on. */
export function usePreviews(): Previews {
  const [heard, setHeard] = useState<Previews['heard']>(null)
  const current = useRef<HTMLAudioElement | null>(null)

  const stop = () => {
    current.current?.pause()
    current.current = null
  }
  useEffect(() => () => current.current?.pause(), [])

  return {
    heard,
    toggle({ id: voiceId, previewUrl }) {
      stop()
      if (previewUrl === null || heard?.voiceId === voiceId) return setHeard(null)
      const audio = new Audio(previewUrl)
      current.current = audio
      setHeard({ voiceId, state: 'waiting' })
      const listen = (type: string, listener: () => void) =>
        // One that was stopped may still have something to say.
        audio.addEventListener(type, () => current.current === audio && listener())
      listen('playing', () => setHeard({ voiceId, state: 'playing' }))
      listen('ended', () => setHeard(null))
      listen('error', () => {
        setHeard(null)
        toast('This voice cannot be heard right now.')
      })
      // A refusal to play also comes as an `error` event, or is a pause that came sooner; neither is news here.
      audio.play().catch(() => undefined)
    },
  }
}
