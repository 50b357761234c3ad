import { clsx } from 'clsx'
import { type CSSProperties, useId } from 'react'

/** A slider around a middle that changes nothing: the track is filled from there. */
interface SliderProps {
  label: string
  /** On the slider's own scale. */
  value: number
  min: number
  max: number
  step: number
  /** The value in words, with its unit. */
  display: string
  onChange: (value: number) => void
  /** Puts it back; offered while it would change something. */
  onReset?: (() => void) | undefined
}

export function Slider({ label, value, min, max, step, display, onChange, onReset }: SliderProps) {
  const id = useId()
  const place = ((value - min) / (max - min)) * 100
  return (
    <div>
      <div className="flex h-6 items-center justify-between gap-2 text-sm">
        <label htmlFor={id} className="text-muted">
          {label}
        </label>
        <span className="flex items-center gap-2">
          {onReset && (
            <button
              type="button"
              aria-label={`Reset ${label.toLowerCase()}`}
              onClick={onReset}
              className="rounded-sm text-xs text-accent-text underline-offset-3 hover:underline"
            >
              Reset
            </button>
          )}
          <output htmlFor={id} className="font-medium tabular-nums">
            {display}
          </output>
        </span>
      </div>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={display}
        onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
        style={{ '--from': `${Math.min(50, place)}%`, '--to': `${Math.max(50, place)}%` } as CSSProperties}
        className={clsx('slider w-full rounded-full pointer-coarse:h-8')}
      />
    </div>
  )
}
