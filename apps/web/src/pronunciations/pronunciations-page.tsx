import type { Pronunciation } from '@loqui/sdk'
import { useLoqui, useTRPC } from '@loqui/sdk/react'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { SpellCheck, Trash2 } from 'lucide-react'
import { type SubmitEvent, useRef, useState } from 'react'
import { fieldErrorsOf, sentenceOf } from '../errors.ts'
import { formatLanguage } from '../format.ts'
import { Page } from '../shell/page.tsx'
import { languagesOf } from '../speak/settings.ts'
import { Button } from '../ui/button.tsx'
import { CheckField } from '../ui/check-field.tsx'
import { Alert, EmptyState, LoadError, Skeleton } from '../ui/notice.tsx'
import { Select } from '../ui/select.tsx'
import { TextField } from '../ui/text-field.tsx'
import { toast } from '../ui/toast.tsx'
import { VoiceName } from '../voices/voice-name.tsx'
import { languageOptions, useVoices } from '../voices/voices.ts'

export function PronunciationsPage() {
  const trpc = useTRPC()
  const list = useInfiniteQuery(
    trpc.pronunciations.list.infiniteQueryOptions({ limit: 50 }, { getNextPageParam: (page) => page.nextCursor }),
  )
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Page title="Pronunciations" lead="Say how words are to be said. It holds for what you generate from now on.">
      <AddForm />
      {list.isError && !list.data && (
        <LoadError error={list.error} pending={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {list.isPending && (
        <div role="status">
          <span className="sr-only">Loading pronunciations</span>
          <Skeleton className="h-14 rounded-xl" />
        </div>
      )}
      {list.isSuccess && items.length === 0 && (
        <EmptyState icon={<SpellCheck aria-hidden />} title="No pronunciations">
          A name or an abbreviation that a voice says wrongly goes here, written as it is said.
        </EmptyState>
      )}
      {items.length > 0 && (
        <ul className="divide-y divide-line rounded-xl border border-line">
          {items.map((item) => (
            <Row key={item.id} item={item} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <div className="flex justify-center pt-4">
          <Button variant="ghost" pending={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Page>
  )
}

/** Where a pronunciation holds. */
interface Extent {
  language: string
  voiceId: string
  caseSensitive: boolean
}

/** No language and no voice is called so. */
const every = 'every'
const everywhere: Extent = { language: every, voiceId: every, caseSensitive: false }

const orAll = (chosen: string) => (chosen === every ? null : chosen)

function AddForm() {
  const loqui = useLoqui()
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const [extent, setExtent] = useState(everywhere)
  const adding = useMutation({
    mutationFn: (values: FormData) =>
      loqui.pronunciations.create({
        phrase: String(values.get('phrase')),
        replacement: String(values.get('replacement')),
        language: orAll(extent.language),
        voiceId: orAll(extent.voiceId),
        caseSensitive: extent.caseSensitive,
      }),
    onSuccess: () => {
      void queryClient.invalidateQueries(trpc.pronunciations.list.infiniteQueryFilter())
      form.current?.reset()
      setExtent(everywhere)
    },
  })
  const errors = adding.isError ? fieldErrorsOf(adding.error) : {}
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    adding.mutate(new FormData(event.currentTarget))
  }
  return (
    <form ref={form} noValidate onSubmit={onSubmit} className="mb-6 flex flex-col gap-3">
      {adding.isError && !errors.phrase && !errors.replacement && <Alert>{sentenceOf(adding.error)}</Alert>}
      <div className="grid items-start gap-3 sm:grid-cols-2">
        <TextField
          name="phrase"
          label="Written"
          placeholder="SQL"
          autoComplete="off"
          required
          maxLength={100}
          error={errors.phrase}
        />
        <TextField
          name="replacement"
          label="Said"
          placeholder="sequel"
          autoComplete="off"
          required
          maxLength={100}
          error={errors.replacement}
        />
      </div>
      <div className="flex flex-col gap-3 sm:flex-row sm:items-center">
        <ExtentFields extent={extent} onChange={setExtent} />
        <Button type="submit" variant="primary" pending={adding.isPending} className="sm:ml-auto">
          Add
        </Button>
      </div>
    </form>
  )
}

function ExtentFields({ extent, onChange }: { extent: Extent; onChange: (extent: Extent) => void }) {
  const voices = useVoices().data ?? []
  const languages = voices.flatMap(({ language, takes }) => [language, ...(languagesOf(takes)?.values ?? [])])
  return (
    <>
      <div className="grid grid-cols-2 gap-2">
        <Select
          label="Language"
          value={extent.language}
          options={[{ value: every, label: 'Every language' }, ...languageOptions(languages)]}
          onChange={(language) => onChange({ ...extent, language })}
          className="sm:w-40"
        />
        <Select
          label="Voice"
          value={extent.voiceId}
          options={[
            { value: every, label: 'Every voice' },
            ...voices.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={(voiceId) => onChange({ ...extent, voiceId })}
          className="sm:w-40"
        />
      </div>
      <CheckField
        checked={extent.caseSensitive}
        onChange={(caseSensitive) => onChange({ ...extent, caseSensitive })}
        className="max-sm:-mx-2"
      >
        Only in this case
      </CheckField>
    </>
  )
}

function Row({ item: { id, phrase, replacement, caseSensitive, language, voiceId } }: { item: Pronunciation }) {
  const loqui = useLoqui()
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const deleting = useMutation({
    mutationFn: () => loqui.pronunciations.delete(id),
    onSuccess: () => void queryClient.invalidateQueries(trpc.pronunciations.list.infiniteQueryFilter()),
    onError: (error) => toast(sentenceOf(error)),
  })
  const limits = [
    caseSensitive && 'only in this case',
    language && `where ${formatLanguage(language)} is spoken`,
  ].filter(Boolean)
  return (
    <li className="flex items-center gap-4 px-4 py-3 sm:px-5">
      <div className="min-w-0 flex-1">
        <p className="[overflow-wrap:anywhere]">
          <span className="font-medium">{phrase}</span>
          <span className="text-subtle"> is said </span>
          <span className="font-serif">{replacement}</span>
        </p>
        {(limits.length > 0 || voiceId !== null) && (
          <p className="text-xs text-subtle">
            {limits.join(', ')}
            {voiceId !== null && (
              <>
                {limits.length > 0 && ', '}by <VoiceName voiceId={voiceId} />
              </>
            )}
          </p>
        )}
      </div>
      <Button
        size="sm"
        variant="ghost"
        aria-label={`Delete ${phrase}`}
        pending={deleting.isPending}
        onClick={() => deleting.mutate()}
      >
        <Trash2 aria-hidden />
      </Button>
    </li>
  )
}
