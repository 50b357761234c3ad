import { toLoquiError } from '@loqui/sdk'
import { useLoqui, useTRPC } from '@loqui/sdk/react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { type KeyboardEvent, type SubmitEvent, useMemo, useRef, useState } from 'react'
import { sentenceOf } from '../errors.ts'
import { formatCount } from '../format.ts'
import { useAccount } from '../session/account.ts'
import { useTitle } from '../shell/page.tsx'
import { useUsage } from '../usage/usage.ts'
import { Button } from '../ui/button.tsx'
import { useMediaQuery } from '../ui/media-query.ts'
import { Alert } from '../ui/notice.tsx'
import { VoiceList } from '../voices/voice-list.tsx'
import { useVoices } from '../voices/voices.ts'
import { Delivery } from './delivery.tsx'
import { useDraft } from './draft.ts'
import { Result } from './result.tsx'
import { createSender, toInput } from './send.ts'
import { VoiceSheet } from './voice-sheet.tsx'

const isMac = /Mac|iP(hone|ad|od)/.test(navigator.userAgent)

export function SpeakPage() {
  useTitle('Speak')
  const account = useAccount()
  const [draft, update] = useDraft(account.id)
  const loqui = useLoqui()
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const voices = useVoices()
  const usage = useUsage()
  const isWide = useMediaQuery('(min-width: 64rem)')
  const hasKeyboard = useMediaQuery('(pointer: fine)')
  const textArea = useRef<HTMLTextAreaElement>(null)
  const [mistake, setMistake] = useState<string>()

  // The voice of the draft may have gone since it was chosen.
  const voice = voices.data?.find(({ id }) => id === draft.voiceId) ?? voices.data?.[0]
  const maxCharacters = usage.data?.plan.maxCharacters
  const excess = maxCharacters === undefined ? 0 : draft.text.length - maxCharacters

  const send = useMemo(() => createSender((input, options) => loqui.generations.create(input, options)), [loqui])
  const sending = useMutation({
    mutationFn: send,
    onSuccess: (generation) => {
      queryClient.setQueryData(trpc.generations.get.queryKey({ id: generation.id }), generation)
      update({ generationId: generation.id })
    },
  })

  const generate = () => {
    if (sending.isPending) return
    sending.reset()
    if (draft.text.trim() === '') return refuse('Write something to be spoken first.')
    if (excess > 0) return refuse(`This text is ${formatCount(excess)} characters longer than your plan allows.`)
    if (!voice) return refuse('There is no voice to speak it yet.')
    setMistake(undefined)
    sending.mutate(toInput(draft, voice.id))
  }

  const refuse = (sentence: string) => {
    setMistake(sentence)
    textArea.current?.focus()
  }

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
    // biome-ignore lint/a11y/noNoninteractiveElementInteractions: the shortcut works wherever in the form one is; the button does the same.
    <form
      noValidate
      aria-label="Speak"
      onSubmit={onSubmit}
      onKeyDown={onKeyDown}
      className="flex flex-1 flex-col lg:grid lg:min-h-0 lg:grid-cols-[minmax(0,1fr)_20.5rem]"
    >
      <h1 className="sr-only">Speak</h1>
      <div className="flex flex-1 flex-col lg:min-h-0">
        <div className="mx-auto flex w-full max-w-[46rem] flex-1 flex-col px-4 pt-5 sm:px-8 md:pt-9 lg:min-h-0">
          <input
            type="text"
            aria-label="Title"
            placeholder="Untitled"
            maxLength={200}
            value={draft.title}
            onChange={(event) => update({ title: event.currentTarget.value })}
            className="mb-2 w-full bg-transparent font-serif text-2xl font-medium tracking-[-0.01em] outline-none md:text-[1.75rem]"
          />
          <textarea
            ref={textArea}
            aria-label="Text"
            aria-describedby="text-count"
            aria-invalid={excess > 0 || undefined}
            // biome-ignore lint/a11y/noAutofocus: writing is what the page is for; where it would open a keyboard over the page, it does not.
            autoFocus={hasKeyboard}
            placeholder="Write or paste what is to be spoken…"
            value={draft.text}
            onChange={(event) => {
              setMistake(undefined)
              update({ text: event.currentTarget.value })
            }}
            className="field-sizing-content min-h-[34dvh] w-full flex-1 resize-none bg-transparent pb-6 font-serif text-lg leading-[1.65] outline-none md:text-[1.1875rem] lg:field-sizing-fixed lg:min-h-0"
          />
        </div>

        <div className="border-t border-line lg:hidden">
          {!isWide && <VoiceSheet voice={voice} draft={draft} onChange={update} />}
        </div>

        <div className="border-t border-line px-4 py-4 empty:hidden sm:px-6">
          <div className="mx-auto flex min-h-26 max-w-[44rem] flex-col justify-center gap-3">
            {mistake !== undefined ? (
              <Alert>{mistake}</Alert>
            ) : (
              sending.isError && <Refusal error={sending.error} />
            )}
            <Result generationId={draft.generationId} onGone={() => update({ generationId: null })} />
          </div>
        </div>

        <div className="sticky bottom-[calc(3.5rem+env(safe-area-inset-bottom))] z-20 border-t border-line bg-surface px-4 py-2.5 sm:px-6 md:bottom-0 md:rounded-bl-xl">
          <div className="mx-auto flex max-w-[44rem] items-center justify-between gap-4">
            <p
              id="text-count"
              className={clsx('text-xs tabular-nums', excess > 0 ? 'font-medium text-danger-text' : 'text-muted')}
            >
              {formatCount(draft.text.length)}
              {maxCharacters !== undefined && (
                <span className={clsx(excess <= 0 && 'text-subtle')}> / {formatCount(maxCharacters)} characters</span>
              )}
            </p>
            <Button type="submit" variant="primary" pending={sending.isPending}>
              Generate
              {hasKeyboard && (
                <kbd aria-hidden className="font-sans text-xs opacity-75">
                  {isMac ? '⌘↵' : 'Ctrl ↵'}
                </kbd>
              )}
            </Button>
          </div>
        </div>
      </div>

      {isWide && (
        <aside
          aria-label="Voice and delivery"
          className="flex flex-col gap-7 overflow-y-auto border-l border-line px-5 py-6"
        >
          <section>
            <h2 className="mb-3 text-sm font-semibold">Voice</h2>
            <VoiceList value={voice?.id} onChange={({ id }) => update({ voiceId: id })} />
          </section>
          <section>
            <h2 className="mb-3 text-sm font-semibold">Delivery</h2>
            <Delivery draft={draft} onChange={update} />
          </section>
        </aside>
      )}
    </form>
  )
}

function Refusal({ error }: { error: unknown }) {
  const isQuota = toLoquiError(error).reason === 'quota_exceeded'
  return (
    <Alert
      action={
        isQuota && (
          <Link to="/usage" className="font-medium underline underline-offset-3">
            See usage
          </Link>
        )
      }
    >
      {sentenceOf(error)}
    </Alert>
  )
}
