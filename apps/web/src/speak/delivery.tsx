import type { Voice } from '@loqui/sdk'
import { type ReactNode, useId } from 'react'
import { formatLanguage, formatPitch, formatSpeed } from '../format.ts'
import { formatOptions } from '../generations/formats.ts'
import { CheckField } from '../ui/check-field.tsx'
import { Select } from '../ui/select.tsx'
import { Slider } from '../ui/slider.tsx'
import { inputClass } from '../ui/text-field.tsx'
import { useVoices } from '../voices/voices.ts'
import { type Draft, type DraftStore, longestSeed } from './draft.ts'
import { fallbacksFor } from './fallback.ts'
import { languagesOf, numberSettings, rangeOf, takesSeed } from './settings.ts'
import { speedPlaces, toPlace, toSpeed } from './speed.ts'

/** No voice's id: those begin otherwise. */
const wait = 'wait'

interface DeliveryProps {
  draft: Draft
  /** What speaks: of the settings those are shown that it takes. */
  voice: Voice | undefined
  onChange: DraftStore['update']
}

/** How it is to be spoken, and what as. */
export function Delivery({ draft, voice, onChange }: DeliveryProps) {
  const { speed, pitch, format, settings } = draft
  const takes = voice?.takes
  const languages = languagesOf(takes)
  const change = (more: Draft['settings']) => onChange({ settings: { ...settings, ...more } })
  return (
    <div className="flex flex-col gap-4">
      {languages && (
        <Labeled label="Language">
          <Select
            label="Language"
            value={settings.language ?? voice?.settings.language ?? languages.default}
            options={languages.values.map((value) => ({ value, label: formatLanguage(value) }))}
            onChange={(language) => change({ language })}
            className="min-w-28"
          />
        </Labeled>
      )}
      {rangeOf(takes, 'speed') && (
        <Slider
          label="Speed"
          {...speedPlaces}
          value={toPlace(speed)}
          display={formatSpeed(speed)}
          onChange={(place) => onChange({ speed: toSpeed(place) })}
          onReset={speed === 1 ? undefined : () => onChange({ speed: 1 })}
        />
      )}
      {rangeOf(takes, 'pitch') && (
        <Slider
          label="Pitch"
          min={-12}
          max={12}
          step={1}
          value={pitch}
          display={formatPitch(pitch)}
          onChange={(semitones) => onChange({ pitch: semitones })}
          onReset={pitch === 0 ? undefined : () => onChange({ pitch: 0 })}
        />
      )}
      {numberSettings.map(({ name, label, hint }) => {
        const range = rangeOf(takes, name)
        if (!range) return null
        // What a voice says for itself comes before what its engine does untold.
        const usual = voice?.settings[name] ?? range.default
        const value = Math.min(range.max, Math.max(range.min, settings[name] ?? usual))
        return (
          <Slider
            key={name}
            label={label}
            hint={hint}
            min={range.min}
            max={range.max}
            step={range.whole ? 1 : 0.05}
            origin={usual}
            value={value}
            display={String(Number(value.toFixed(2)))}
            onChange={(next) => change({ [name]: next })}
            onReset={value === usual ? undefined : () => change({ [name]: undefined })}
          />
        )
      })}
      {takesSeed(takes) && <Seed value={draft.seed} onChange={(seed) => onChange({ seed })} />}
      {voice && <FallbackSelect draft={draft} voice={voice} onChange={onChange} />}
      <CheckField
        checked={draft.normalize}
        onChange={(normalize) => onChange({ normalize })}
        className="-mx-2 text-muted"
      >
        Write out numbers and abbreviations
      </CheckField>
      <Labeled label="Format">
        <Select
          label="Format"
          value={format}
          options={formatOptions}
          onChange={(next) => onChange({ format: next })}
          className="min-w-28"
        />
      </Labeled>
    </div>
  )
}

function FallbackSelect({ draft, voice, onChange }: DeliveryProps & { voice: Voice }) {
  const voices = useVoices()
  const fallbacks = fallbacksFor(voices.data ?? [], voice, draft.settings)
  if (fallbacks.length === 0) return null
  const { fallback } = draft
  const own = fallbacks.find(({ id }) => id === voice.fallbackVoiceId)
  // What was chosen for another voice, and cannot be one of this, is not asked for.
  const named = fallback !== null && fallback !== 'wait' && fallbacks.find(({ id }) => id === fallback.id)
  const chosen = fallback === 'wait' ? undefined : named || own
  return (
    <Labeled label="If it fails">
      <Select
        label="If its engine fails"
        value={chosen?.id ?? wait}
        options={[
          { value: wait, label: 'Wait for it' },
          ...fallbacks.map(({ id, name, engine }) => ({ value: id, label: name, detail: engine })),
        ]}
        onChange={(id) => {
          const next = fallbacks.find((each) => each.id === id)
          onChange({ fallback: next ? { id: next.id, engine: next.engine, language: next.language } : 'wait' })
        }}
        className="max-w-44 min-w-28"
      />
    </Labeled>
  )
}

function Labeled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex items-center justify-between gap-4">
      <span className="text-sm text-muted">{label}</span>
      {children}
    </div>
  )
}

function Seed({ value, onChange }: { value: number | null; onChange: (seed: number | null) => void }) {
  const id = useId()
  return (
    <div className="flex items-center justify-between gap-4">
      <label htmlFor={id} className="text-sm text-muted">
        Seed
      </label>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        min={1}
        max={longestSeed}
        step={1}
        placeholder="Any"
        title="The same text with the same seed sounds the same again"
        value={value ?? ''}
        onChange={({ currentTarget }) => {
          const seed = currentTarget.valueAsNumber
          if (currentTarget.value === '') onChange(null)
          else if (Number.isInteger(seed) && seed >= 1 && seed <= longestSeed) onChange(seed)
        }}
        className={`${inputClass} max-w-36 text-right tabular-nums`}
      />
    </div>
  )
}
