import type { Voice } from '@loqui/sdk'
import { clsx } from 'clsx'
import { type KeyboardEvent, type SubmitEvent, useRef } from 'react'
import { useAccount } from '../session/account.ts'
import { useTitle } from '../shell/page.tsx'
import { useMediaQuery } from '../ui/media-query.ts'
import { useUsage } from '../usage/usage.ts'
import { VoiceList } from '../voices/voice-list.tsx'
import { pickVoice, useVoices } from '../voices/voices.ts'
import { ActionBar, countId, estimateId } from './action-bar.tsx'
import { Delivery } from './delivery.tsx'
import { useDraft } from './draft.ts'
import { describeEstimate, useEstimate } from './estimate.ts'
import { findMistake, useGenerate } from './generate.ts'
import { Result } from './result.tsx'
import { toEstimateInput } from './send.ts'
import { VoiceSheet } from './voice-sheet.tsx'

/** The writing surface and what comes of it; voice and delivery beside it, or behind a line of it where it is narrow. */
export function SpeakPage() {
  useTitle('Speak')
  const account = useAccount()
  const [draft, update] = useDraft(account.id)
  const voices = useVoices()
  const usage = useUsage()
  const isWide = useMediaQuery('(min-width: 64rem)')
  const hasKeyboard = useMediaQuery('(pointer: fine)')
  const text = useRef<HTMLTextAreaElement>(null)
  const result = useRef<HTMLElement>(null)

  // The voice of the draft may have gone, or fallen silent, since it was chosen.
  const pick = (all: readonly Voice[] = []) => pickVoice(all, draft.voiceId)
  const voice = pick(voices.data)
  const maxCharacters = usage.data?.plan.maxCharacters

  const isSpeakable = voice !== undefined && findMistake(draft.text, maxCharacters) === null
  const estimate = useEstimate(isSpeakable ? toEstimateInput(draft, voice) : null)

  const { generate, dismiss, problem, isPending } = useGenerate({
    draft,
    findVoice: async () => voice ?? pick((await voices.refetch({ cancelRefetch: false, throwOnError: true })).data),
    maxCharacters,
    onMade: ({ id }) => {
      update({ generationId: id })
      result.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
    },
    onMistake: () => text.current?.focus(),
  })

  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault()
    generate()
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return
    event.preventDefault()
    generate()
  }

  return (
    <form
      noValidate
      aria-label="Speak"
      onSubmit={onSubmit}
      onKeyDown={onKeyDown}
      className="flex flex-1 flex-col lg:grid lg:min-h-0 lg:grid-cols-[minmax(0,1fr)_20.5rem]"
    >
      <h1 className="sr-only">Speak</h1>
      <div className="flex flex-1 flex-col lg:min-h-0">
        <div className="mx-auto flex w-full max-w-[47rem] flex-1 flex-col px-4 pt-5 sm:px-8 md:pt-9 lg:min-h-0">
          <input
            type="text"
            aria-label="Title"
            placeholder="Untitled"
            maxLength={200}
            value={draft.title}
            onChange={(event) => update({ title: event.currentTarget.value })}
            className="mb-2 w-full bg-transparent font-serif text-2xl font-medium tracking-[-0.01em] text-ellipsis outline-none md:text-[1.75rem]"
          />
          <textarea
            ref={text}
            aria-label="Text"
            aria-describedby={`${countId} ${estimateId}`}
            aria-invalid={(maxCharacters !== undefined && draft.text.length > maxCharacters) || undefined}
            // biome-ignore lint/a11y/noAutofocus: writing is what the page is for; where it would open a keyboard over the page, it does not.
            autoFocus={hasKeyboard}
            placeholder="Write or paste what is to be spoken…"
            value={draft.text}
            onChange={(event) => {
              dismiss()
              update({ text: event.currentTarget.value })
            }}
            className={clsx(
              'field-sizing-content min-h-[34dvh] w-full flex-1 resize-none bg-transparent pb-6 outline-none lg:field-sizing-fixed lg:min-h-0',
              'font-serif text-lg leading-[1.65] md:text-[1.1875rem]',
            )}
          />
        </div>

        {!isWide && (
          <div className="border-t border-line">
            <VoiceSheet voice={voice} draft={draft} onChange={update} />
          </div>
        )}

        <ActionBar
          characters={draft.text.length}
          maxCharacters={maxCharacters}
          estimate={estimate && describeEstimate(estimate, usage.data)}
          hasKeyboard={hasKeyboard}
          isPending={isPending}
          problem={problem}
          onDismiss={dismiss}
        />

        <section
          ref={result}
          aria-label="Speech"
          className="@container scroll-mb-32 border-t border-line lg:rounded-bl-xl lg:bg-canvas"
        >
          <div className="mx-auto flex min-h-34 max-w-[47rem] flex-col justify-center px-4 py-4 sm:px-8 @max-[24.5rem]:min-h-43">
            <Result generationId={draft.generationId} onGone={() => update({ generationId: null })} />
          </div>
        </section>
      </div>

      {isWide && (
        <aside aria-label="Voice and delivery" className="flex min-h-0 flex-col border-l border-line">
          <section className="flex min-h-0 flex-1 flex-col overflow-y-auto px-5 pt-6 pb-4">
            <h2 className="mb-3 text-sm font-semibold">Voice</h2>
            <VoiceList value={voice?.id} onChange={({ id }) => update({ voiceId: id })} />
          </section>
          <section className="border-t border-line px-5 pt-4 pb-5">
            <h2 className="mb-3 text-sm font-semibold">Delivery</h2>
            <Delivery draft={draft} voice={voice} onChange={update} />
          </section>
        </aside>
      )}
    </form>
  )
}
