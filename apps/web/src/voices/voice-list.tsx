import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import type { Voice } from '@loqui/sdk'
import { clsx } from 'clsx'
import { Check, LoaderCircle, Play, Square } from 'lucide-react'
import { useState } from 'react'
import { formatLanguage } from '../format.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { LoadError, Skeleton } from '../ui/notice.tsx'
import { Select } from '../ui/select.tsx'
import { PreviewBadge } from './preview-badge.tsx'
import { type Previews, usePreviews } from './previews.ts'
import {
  everyVoice,
  filterVoices,
  type Gender,
  genderLabels,
  isPreview,
  languageOptions,
  obstacles,
  useVoices,
} from './voices.ts'

const genderOptions: { value: Gender | 'any'; label: string }[] = [
  { value: 'any', label: 'Any gender' },
  { value: 'female', label: genderLabels.female },
  { value: 'male', label: genderLabels.male },
  { value: 'neutral', label: genderLabels.neutral },
]

interface VoiceListProps {
  /** The chosen voice's id. */
  value: string | undefined
  onChange: (voice: Voice) => void
}

/** Every voice to choose from, with filters above. */
export function VoiceList({ value, onChange }: VoiceListProps) {
  const voices = useVoices()
  const [filter, setFilter] = useState(everyVoice)
  const previews = usePreviews()
  if (voices.isError) {
    return <LoadError error={voices.error} pending={voices.isFetching} onRetry={() => void voices.refetch()} />
  }
  const all = voices.data ?? []
  const shown = filterVoices(all, filter)

  return (
    <div className="flex flex-col gap-2.5">
      <div className="grid grid-cols-2 gap-2">
        <Select
          label="Gender"
          value={filter.gender}
          options={genderOptions}
          onChange={(gender) => setFilter({ ...filter, gender })}
        />
        <Select
          label="Language"
          value={filter.language}
          options={[{ value: 'any', label: 'Any language' }, ...languageOptions(all.map(({ language }) => language))]}
          onChange={(language) => setFilter({ ...filter, language })}
        />
      </div>

      {voices.isPending && (
        <div role="status" className="flex flex-col gap-1">
          <span className="sr-only">Loading voices</span>
          {[0, 1, 2, 3].map((row) => (
            <Skeleton key={row} className="h-17 rounded-lg" />
          ))}
        </div>
      )}

      {voices.isSuccess && shown.length === 0 && (
        <div className="rounded-lg border border-dashed border-line-strong px-4 py-6 text-center text-sm text-muted">
          <p>No voice is like that.</p>
          {all.length > 0 && (
            <Button variant="ghost" size="sm" className="mt-2" onClick={() => setFilter(everyVoice)}>
              Show every voice
            </Button>
          )}
        </div>
      )}

      <RadioGroup
        aria-label="Voice"
        value={value ?? ''}
        onValueChange={(id) => {
          const voice = all.find((candidate) => candidate.id === id)
          if (voice) onChange(voice)
        }}
        className="flex flex-col gap-1"
      >
        {shown.map((voice) => (
          <VoiceOption key={voice.id} voice={voice} previews={previews} />
        ))}
      </RadioGroup>
    </div>
  )
}

function VoiceOption({ voice, previews }: { voice: Voice; previews: Previews }) {
  const descriptionId = `${voice.id}-description`
  const { available, unavailable } = voice
  return (
    <div className="relative">
      <Radio.Root
        value={voice.id}
        disabled={!available}
        aria-label={voice.name}
        aria-describedby={descriptionId}
        className={clsx(
          'group flex w-full items-start gap-3 rounded-lg border border-transparent p-2.5 pr-12 text-left transition-colors duration-150',
          'focus-visible:-outline-offset-1 data-checked:border-accent/50 data-checked:bg-accent-soft/60',
          available && 'cursor-pointer hover:bg-hover',
        )}
      >
        <span className={clsx(!available && 'opacity-45')}>
          <VoiceInitial voice={voice} />
        </span>
        <span className="min-w-0 flex-1">
          <span className="flex items-center gap-1.5">
            <span className={clsx('truncate font-medium', available ? 'text-ink' : 'text-subtle')}>{voice.name}</span>
            {isPreview(voice) && <PreviewBadge />}
            <Radio.Indicator className="text-accent-text">
              <Check aria-hidden className="size-4" />
            </Radio.Indicator>
          </span>
          <span id={descriptionId}>
            <span className={clsx('block text-xs', available ? 'text-muted' : 'text-subtle')}>
              {describeVoice(voice)}
            </span>
            {unavailable && <span className="mt-0.5 block text-xs text-warning-text">{obstacles[unavailable]}</span>}
            <span
              className={clsx(
                'mt-0.5 block text-xs text-pretty text-subtle',
                // What it is not must not be cut off with the rest.
                !isPreview(voice) && 'line-clamp-2',
              )}
            >
              {voice.description}
            </span>
          </span>
        </span>
      </Radio.Root>
      {voice.previewUrl !== null && <Hear voice={voice} previews={previews} />}
    </div>
  )
}

/** Beside the choice and not in it: to hear a voice is not to choose it. */
function Hear({ voice, previews: { heard, toggle } }: { voice: Voice; previews: Previews }) {
  const state = heard?.voiceId === voice.id ? heard.state : 'silent'
  return (
    <button
      type="button"
      aria-label={state === 'silent' ? `Hear ${voice.name}` : `Stop ${voice.name}`}
      onClick={() => toggle(voice)}
      className={clsx(
        buttonClass({ variant: 'ghost', size: 'icon' }),
        'absolute top-2 right-2 rounded-full! pointer-coarse:top-1 pointer-coarse:right-0.5',
      )}
    >
      {state === 'waiting' ? (
        <LoaderCircle aria-hidden className="animate-spin" />
      ) : state === 'playing' ? (
        <Square aria-hidden className="size-3! fill-current" />
      ) : (
        <Play aria-hidden className="size-3.5! fill-current" />
      )}
    </button>
  )
}

export const describeVoice = ({ kind, gender, language }: Voice) =>
  [...(kind === 'cloned' ? ['Yours'] : []), genderLabels[gender], formatLanguage(language)].join(' · ')

export function VoiceInitial({ voice }: { voice: Voice | undefined }) {
  return (
    <span
      aria-hidden
      className="grid size-8 shrink-0 place-items-center rounded-full border border-line bg-raised font-serif text-lg leading-none text-accent-text"
    >
      {voice?.name.charAt(0)}
    </span>
  )
}
