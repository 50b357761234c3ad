import { clsx } from 'clsx'
import { type CSSProperties, useId } from 'react'

/** A slider around a place that changes nothing: the track is filled from there. */
interface SliderProps {
  label: string
  /** On the slider's own scale. */
  value: number
  min: number
  max: number
  step: number
  /** The value that changes nothing. Default: the middle. */
  origin?: number
  /** What it does, where its name does not say. */
  hint?: string
  /** The value in words, with its unit. */
  display: string
  onChange: (value: number) => void
  /** Puts it back; offered while it would change something. */
  onReset?: (() => void) | undefined
}

export function Slider({ label, value, min, max, step, origin, hint, display, onChange, onReset }: SliderProps) {
  const id = useId()
  const placeOf = (at: number) => ((at - min) / (max - min)) * 100
  const place = placeOf(value)
  const from = origin === undefined ? 50 : placeOf(origin)
  return (
    <div>
      <div className="flex h-6 items-center justify-between gap-2 text-sm">
        <label htmlFor={id} title={hint} className="text-muted">
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
        style={{ '--from': `${Math.min(from, place)}%`, '--to': `${Math.max(from, place)}%` } as CSSProperties}
        className={clsx('slider w-full rounded-full pointer-coarse:h-8')}
      />
    </div>
  )
}
