import { type Generation, toLoquiError, type Voice } from '@loqui/sdk'
import { useLoqui, useTRPC } from '@loqui/sdk/react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { sentenceOf } from '../errors.ts'
import { formatCount } from '../format.ts'
import type { Draft } from './draft.ts'
import { createSender, toInput } from './send.ts'

interface GenerateOptions {
  draft: Draft
  /** What speaks, as soon as it is known; `undefined` when there is nothing that could. */
  findVoice: () => Promise<Voice | undefined>
  /** The longest text of the plan, when it is known. */
  maxCharacters: number | undefined
  onMade: (generation: Generation) => void
  /** Called when the text is why nothing was sent. */
  onMistake: () => void
}

/** Why nothing was made, in a sentence. */
export interface Problem {
  sentence: string
  isQuota: boolean
}

/** What the Generate button does: looks the draft over, sends it, and says why not when it cannot. */
export function useGenerate({ draft, findVoice, maxCharacters, onMade, onMistake }: GenerateOptions) {
  const loqui = useLoqui()
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const [mistake, setMistake] = useState<string | null>(null)
  const send = useMemo(() => createSender((input, options) => loqui.generations.create(input, options)), [loqui])
  const sending = useMutation({
    // Who is quicker than the list of voices waits for it.
    mutationFn: async (draft: Draft) => {
      const voice = await findVoice()
      return voice ? send(toInput(draft, voice)) : null
    },
    onSuccess: (generation) => {
      if (!generation) return setMistake('There is no voice to speak it yet.')
      queryClient.setQueryData(trpc.generations.get.queryKey({ id: generation.id }), generation)
      onMade(generation)
    },
  })

  const dismiss = () => {
    setMistake(null)
    if (sending.isError) sending.reset()
  }

  const generate = () => {
    if (sending.isPending) return
    dismiss()
    const found = findMistake(draft.text, maxCharacters)
    if (found !== null) {
      setMistake(found)
      onMistake()
    } else {
      sending.mutate(draft)
    }
  }

  const problem: Problem | null =
    mistake !== null
      ? { sentence: mistake, isQuota: false }
      : sending.isError
        ? {
            sentence: sentenceOf(sending.error),
            isQuota: toLoquiError(sending.error).reason === 'quota_exceeded',
          }
        : null

  return { generate, dismiss, problem, isPending: sending.isPending }
}

/** What is wrong with a text before it is sent, or `null`. */
export function findMistake(text: string, maxCharacters: number | undefined): string | null {
  if (text.trim() === '') return 'Write something to be spoken first.'
  const excess = maxCharacters === undefined ? 0 : text.length - maxCharacters
  if (excess <= 0) return null
  return `This text is ${formatCount(excess)} ${excess === 1 ? 'character' : 'characters'} longer than your plan allows.`
}
