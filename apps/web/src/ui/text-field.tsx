import { Field } from '@base-ui/react/field'
import { clsx } from 'clsx'
import type { ComponentProps, ReactNode } from 'react'

export const inputClass = clsx(
  'h-9 w-full rounded-lg border border-line-strong bg-raised px-3 text-base text-ink pointer-coarse:h-11 pointer-coarse:text-lg',
  'transition-[border-color] duration-150 hover:border-control-line focus-visible:outline-offset-0',
  'data-invalid:border-danger aria-invalid:border-danger',
)

interface TextFieldProps extends Omit<ComponentProps<'input'>, 'name'> {
  label: string
  name: string
  /** What the field accepts, when that is not plain. */
  hint?: string
  error?: string | undefined
  /** Beside the label: “optional”. */
  aside?: ReactNode
}

export function TextField({ label, name, hint, error, aside, className, ...props }: TextFieldProps) {
  return (
    <Field.Root name={name} invalid={error !== undefined} className={clsx('flex flex-col gap-1.5', className)}>
      <div className="flex items-baseline justify-between gap-3">
        <Field.Label className="text-sm font-medium text-ink">{label}</Field.Label>
        {aside && <span className="text-xs text-subtle">{aside}</span>}
      </div>
      <Field.Control render={<input className={inputClass} {...props} />} />
      {hint && error === undefined && <Field.Description className="text-xs text-subtle">{hint}</Field.Description>}
      <Field.Error match={error !== undefined} className="text-xs text-danger-text">
        {error}
      </Field.Error>
    </Field.Root>
  )
}
