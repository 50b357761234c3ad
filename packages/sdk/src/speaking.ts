import { useMutation } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Generation, GenerationStatus } from './api.d.ts'
import type { LoquiError } from './errors.ts'
import type { CreateGenerationInput } from './generations.ts'
import type { Loqui } from './loqui.ts'

/** A text that was spoken, and where to hear it. */
export interface Spoken {
  readonly generation: Generation
  readonly audio: Blob
  /** For an `<audio>`; it holds until the next text is spoken or the component goes. */
  readonly url: string
}

/** What `useSpeak()` gives. */
export interface Speaking {
  /** Begins to speak, and ends what it was speaking. What comes of it is in the other fields. */
  readonly speak: (input: CreateGenerationInput) => void
  /** The same, as a promise, which also rejects when it was stopped. */
  readonly speakAsync: (input: CreateGenerationInput) => Promise<Spoken>
  /** Ends what is being spoken, which is canceled and not charged, and forgets what was. */
  readonly stop: () => void
  readonly isSpeaking: boolean
  /** How far it is; `null` before it has begun. */
  readonly progress: GenerationStatus | null
  readonly spoken: Spoken | null
  readonly error: LoquiError | null
}

export function useSpeaking(loqui: Loqui): Speaking {
  const [progress, setProgress] = useState<GenerationStatus | null>(null)
  const running = useRef<AbortController | null>(null)
  const url = useRef<string | null>(null)

  const end = useCallback(() => {
    running.current?.abort()
    running.current = null
    if (url.current !== null) URL.revokeObjectURL(url.current)
    url.current = null
  }, [])
  useEffect(() => end, [end])

  const { mutate, mutateAsync, reset, isPending, data, error } = useMutation<Spoken, LoquiError, CreateGenerationInput>(
    {
      // It waits for nothing but its own network, and is not made again: that would be another generation.
      networkMode: 'always',
      retry: false,
      async mutationFn(input) {
        end()
        setProgress(null)
        const controller = new AbortController()
        running.current = controller
        const { signal } = controller
        const speech = await loqui.speak(input, {
          signal,
          onProgress: (status) => signal.aborted || setProgress(status),
        })
        const audio = await speech.blob()
        signal.throwIfAborted()
        url.current = URL.createObjectURL(audio)
        return { generation: speech.generation, audio, url: url.current }
      },
    },
  )
  const stop = useCallback(() => {
    end()
    setProgress(null)
    reset()
  }, [end, reset])
  return {
    speak: mutate,
    speakAsync: mutateAsync,
    stop,
    isSpeaking: isPending,
    progress,
    spoken: data ?? null,
    error,
  }
}
