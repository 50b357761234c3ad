import { formatPitch, formatSpeed } from '../format.ts'
import { formatOptions } from '../generations/formats.ts'
import { Select } from '../ui/select.tsx'
import { Slider } from '../ui/slider.tsx'
import type { Draft, DraftStore } from './draft.ts'
import { speedPlaces, toPlace, toSpeed } from './speed.ts'

interface DeliveryProps {
  draft: Draft
  onChange: DraftStore['update']
}

/** How it is to be spoken, and what as. */
export function Delivery({ draft, onChange }: DeliveryProps) {
  const { speed, pitch, format } = draft
  return (
    <div className="flex flex-col gap-4">
      <Slider
        label="Speed"
        {...speedPlaces}
        value={toPlace(speed)}
        display={formatSpeed(speed)}
        onChange={(place) => onChange({ speed: toSpeed(place) })}
        onReset={speed === 1 ? undefined : () => onChange({ speed: 1 })}
      />
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
      <div className="flex items-center justify-between gap-4">
        <span className="text-sm text-muted">Format</span>
        <Select
          label="Format"
          value={format}
          options={formatOptions}
          onChange={(next) => onChange({ format: next })}
          className="min-w-28"
        />
      </div>
    </div>
  )
}
