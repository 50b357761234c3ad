import type { Generation } from '@loqui/sdk'
import { useLoqui, useTRPC } from '@loqui/sdk/react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { ArrowLeft, RotateCcw, Trash2 } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { isNotFound, sentenceOf } from '../errors.ts'
import { formatCount, formatLanguage, formatLength, formatMoment, formatPitch, formatSpeed } from '../format.ts'
import { useAccount } from '../session/account.ts'
import { NotFoundPage } from '../shell/not-found-page.tsx'
import { useTitle } from '../shell/page.tsx'
import { draftStore } from '../speak/draft.ts'
import { numberSettings } from '../speak/settings.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { LoadError, Skeleton } from '../ui/notice.tsx'
import { toast } from '../ui/toast.tsx'
import { previewNote } from '../voices/preview-badge.tsx'
import { VoiceName } from '../voices/voice-name.tsx'
import { useVoice } from '../voices/voices.ts'
import { FlawedSegments } from './flawed-segments.tsx'
import { formats } from './formats.ts'
import { GenerationPanel } from './generation-panel.tsx'
import { isActive, type SegmentLengths, useLiveGeneration } from './live.ts'
import { Segments } from './segments.tsx'
import { NewTake, Takes } from './takes.tsx'

const route = getRouteApi('/studio/generations/$id')

export function GenerationPage() {
  const { id } = route.useParams()
  return <Detail key={id} id={id} />
}

function Detail({ id }: { id: string }) {
  const { query, generation, segments, isConnected } = useLiveGeneration(id)
  useTitle(generation ? nameOf(generation) : 'Generation')
  if (query.isError && isNotFound(query.error)) return <NotFoundPage />
  if (query.isError && !generation) {
    return (
      <Frame>
        <LoadError error={query.error} pending={query.isFetching} onRetry={() => void query.refetch()} />
      </Frame>
    )
  }
  if (!generation) {
    return (
      <Frame>
        <div role="status" className="flex flex-col gap-6">
          <span className="sr-only">Loading</span>
          <Skeleton className="h-8 w-2/3" />
          <Skeleton className="h-32 rounded-xl" />
          <Skeleton className="h-64 rounded-xl" />
        </div>
      </Frame>
    )
  }
  return (
    <Frame>
      <Loaded generation={generation} segments={segments} isConnected={isConnected} />
    </Frame>
  )
}

function Frame({ children }: { children: ReactNode }) {
  return (
    <div className="mx-auto w-full max-w-5xl px-4 pt-4 pb-12 sm:px-8 md:pt-6">
      <Link
        to="/generations"
        className="-ml-2 inline-flex h-8 items-center gap-1.5 rounded-lg px-2 text-sm text-muted hover:bg-hover hover:text-ink pointer-coarse:h-11"
      >
        <ArrowLeft aria-hidden className="size-4" />
        Generations
      </Link>
      <div className="mt-3">{children}</div>
    </div>
  )
}

const nameOf = ({ title, excerpt }: Generation) => title ?? excerpt.slice(0, 60)

interface LoadedProps {
  generation: Generation
  segments: SegmentLengths
  isConnected: boolean
}

function Loaded({ generation, segments, isConnected }: LoadedProps) {
  return (
    <>
      <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <h1 className="line-clamp-2 max-w-[42rem] min-w-0 flex-1 basis-80 font-serif text-2xl font-medium tracking-[-0.01em] text-balance">
          {nameOf(generation)}
        </h1>
        <div className="flex items-center gap-2">
          <NewTake generation={generation} />
          <UseAgain generation={generation} />
          <Delete generation={generation} />
        </div>
      </header>

      <section aria-label="Speech" className="rounded-xl border border-line px-4 py-3 sm:px-5 sm:py-4">
        <GenerationPanel generation={generation} lengths={segments} isConnected={isConnected} />
      </section>
      {generation.state === 'succeeded' && <FlawedSegments generation={generation} />}

      <div className="mt-8 grid gap-8 lg:grid-cols-[minmax(0,1fr)_17rem] lg:gap-12">
        <section aria-label="Text">
          <p className="max-w-[42rem] font-serif text-lg leading-[1.65] [overflow-wrap:anywhere] whitespace-pre-wrap">
            {generation.text}
          </p>
          {generation.state === 'succeeded' && generation.segments.total > 1 && <Segments generation={generation} />}
        </section>
        <div>
          <Facts generation={generation} />
          <Takes generation={generation} />
        </div>
      </div>
    </>
  )
}

function UseAgain({ generation }: { generation: Generation }) {
  const account = useAccount()
  const router = useRouter()
  const prefill = () => {
    const { text, title, format, normalize, fellBackFrom } = generation
    // Settings and seed are the fallback's where that spoke, and mean nothing to who was asked.
    const voiceId = fellBackFrom ?? generation.voiceId
    const seed = fellBackFrom === null ? generation.seed : null
    const { speed = 1, pitch = 0, ...settings } = fellBackFrom === null ? generation.settings : {}
    const store = draftStore(account.id)
    const before = store.get()
    store.update({ text, title: title ?? '', voiceId, format, speed, pitch, settings, seed, normalize })
    if (before.text !== '' && before.text !== text) {
      toast('Your draft was replaced.', { label: 'Undo', onPress: () => store.update(before) })
    }
    void router.navigate({ to: '/' })
  }
  return (
    <Button size="sm" onClick={prefill}>
      <RotateCcw aria-hidden />
      Use again
    </Button>
  )
}

function Delete({ generation: { id, state } }: { generation: Generation }) {
  const loqui = useLoqui()
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const router = useRouter()
  const [isAsking, setIsAsking] = useState(false)
  const deleting = useMutation({
    mutationFn: () => loqui.generations.delete(id),
    onSuccess: async () => {
      setIsAsking(false)
      await router.navigate({ to: '/generations' })
      queryClient.removeQueries(trpc.generations.get.queryFilter({ id }))
      void queryClient.invalidateQueries(trpc.generations.list.infiniteQueryFilter())
      toast('The generation was deleted.')
    },
  })
  return (
    <>
      <Button size="sm" variant="ghost" onClick={() => setIsAsking(true)}>
        <Trash2 aria-hidden />
        Delete
      </Button>
      <ConfirmDialog
        open={isAsking}
        onOpenChange={setIsAsking}
        title="Delete this generation?"
        description={
          isActive(state)
            ? 'It is stopped, and its text is gone for good. Nothing is charged.'
            : 'Its text and its audio are gone for good. What was charged stays charged.'
        }
        action="Delete generation"
        pending={deleting.isPending}
        error={deleting.isError ? sentenceOf(deleting.error) : undefined}
        onConfirm={() => deleting.mutate()}
      />
    </>
  )
}

function Facts({ generation }: { generation: Generation }) {
  const { voiceId, fallbackVoiceId, fellBackFrom, state, format, settings, seed, normalize, characters, chargedMs } =
    generation
  const { engine, createdAt, finishedAt, id } = generation
  const { isPreview } = useVoice(voiceId)
  return (
    <aside aria-label="Settings">
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-2.5 text-sm">
        <Fact label="Voice">
          <VoiceName voiceId={voiceId} />
          {isPreview && <span className="mt-0.5 block text-xs text-pretty text-subtle">{previewNote}</span>}
        </Fact>
        {fellBackFrom !== null && (
          <Fact label="In place of">
            <VoiceName voiceId={fellBackFrom} />
            <span className="mt-0.5 block text-xs text-pretty text-subtle">Its engine did not work.</span>
          </Fact>
        )}
        {fallbackVoiceId !== null && isActive(state) && (
          <Fact label="If it fails">
            <VoiceName voiceId={fallbackVoiceId} />
          </Fact>
        )}
        {settings.speed !== undefined && <Fact label="Speed">{formatSpeed(settings.speed)}</Fact>}
        {settings.pitch !== undefined && <Fact label="Pitch">{formatPitch(settings.pitch)}</Fact>}
        {settings.language !== undefined && <Fact label="Language">{formatLanguage(settings.language)}</Fact>}
        {numberSettings.map(({ name, label }) =>
          settings[name] === undefined ? null : (
            <Fact key={name} label={label}>
              {settings[name]}
            </Fact>
          ),
        )}
        {seed !== null && <Fact label="Seed">{seed}</Fact>}
        {normalize && <Fact label="Numbers">Written out</Fact>}
        <Fact label="Format">{formats[format].label}</Fact>
        <Fact label="Text">{formatCount(characters)} characters</Fact>
        {chargedMs !== null && <Fact label="Charged">{formatLength(chargedMs)}</Fact>}
        <Fact label="Engine">{engine}</Fact>
        <Fact label="Made">
          <time dateTime={createdAt}>{formatMoment(createdAt)}</time>
        </Fact>
        {finishedAt && (
          <Fact label="Ended">
            <time dateTime={finishedAt}>{formatMoment(finishedAt)}</time>
          </Fact>
        )}
        <Fact label="ID">
          <code className="font-mono text-xs break-all">{id}</code>
        </Fact>
      </dl>
    </aside>
  )
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-subtle">{label}</dt>
      <dd className="text-right tabular-nums">{children}</dd>
    </>
  )
}
