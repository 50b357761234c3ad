import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import type { Voice } from '@loqui/sdk'
import { clsx } from 'clsx'
import { Check } from 'lucide-react'
import { useState } from 'react'
import { formatLanguage } from '../format.ts'
import { Button } from '../ui/button.tsx'
import { LoadError, Skeleton } from '../ui/notice.tsx'
import { Select } from '../ui/select.tsx'
import { everyVoice, filterVoices, type Gender, genderLabels, languageOptions, useVoices } from './voices.ts'

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
          options={[{ value: 'any', label: 'Any language' }, ...languageOptions(all)]}
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
          <VoiceOption key={voice.id} voice={voice} />
        ))}
      </RadioGroup>
    </div>
  )
}

function VoiceOption({ voice }: { voice: Voice }) {
  const descriptionId = `${voice.id}-description`
  return (
    <Radio.Root
      value={voice.id}
      aria-label={voice.name}
      aria-describedby={descriptionId}
      className={clsx(
        'group flex w-full cursor-pointer items-start gap-3 rounded-lg border border-transparent p-2.5 text-left transition-colors duration-150',
        'hover:bg-hover focus-visible:-outline-offset-1 data-checked:border-accent/50 data-checked:bg-accent-soft/60',
      )}
    >
      <VoiceInitial voice={voice} />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <span className="font-medium text-ink">{voice.name}</span>
          <Radio.Indicator className="ml-auto self-center text-accent-text">
            <Check aria-hidden className="size-4" />
          </Radio.Indicator>
        </span>
        <span id={descriptionId}>
          <span className="block text-xs text-muted">{describeVoice(voice)}</span>
          <span className="mt-0.5 line-clamp-2 text-xs text-pretty text-subtle">{voice.description}</span>
        </span>
      </span>
    </Radio.Root>
  )
}

export const describeVoice = (voice: Voice) => `${genderLabels[voice.gender]} · ${formatLanguage(voice.language)}`

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
