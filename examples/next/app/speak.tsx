'use client'

import { useSpeak, useTRPC } from '@loqui/sdk/react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

/** Writes, chooses a voice, and hears. */
export function Speak() {
  const voices = useQuery(useTRPC().voices.list.queryOptions({ language: 'en' }))
  const { speak, stop, isSpeaking, progress, spoken, error } = useSpeak()
  const [text, setText] = useState('Good morning.')
  const [chosen, setChosen] = useState<string>()
  const voiceId = chosen ?? voices.data?.items.find(({ available }) => available)?.id

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (voiceId !== undefined) speak({ text, voiceId })
      }}
    >
      <label>
        Voice{' '}
        <select value={voiceId} onChange={(event) => setChosen(event.target.value)}>
          {voices.data?.items.map(({ id, name, available }) => (
            <option key={id} value={id} disabled={!available}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <textarea aria-label="Text" value={text} onChange={(event) => setText(event.target.value)} />
      {isSpeaking ? (
        <button type="button" onClick={stop}>
          Stop
        </button>
      ) : (
        <button type="submit" disabled={voiceId === undefined || text.trim() === ''}>
          Speak
        </button>
      )}
      {isSpeaking && <progress value={progress?.segments.done ?? 0} max={progress?.segments.total ?? 1} />}
      {spoken && (
        // biome-ignore lint/a11y/useMediaCaption: what it says is in the field above.
        <audio src={spoken.url} controls autoPlay />
      )}
      {(error ?? voices.error) && <p role="alert">{(error ?? voices.error)?.message}</p>}
    </form>
  )
}
