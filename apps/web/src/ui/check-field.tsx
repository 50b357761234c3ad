import { Checkbox } from '@base-ui/react/checkbox'
import { clsx } from 'clsx'
import { Check } from 'lucide-react'
import type { ReactNode } from 'react'

interface CheckFieldProps {
  checked: boolean
  onChange: (checked: boolean) => void
  /** What it says when it is checked. */
  children: ReactNode
  className?: string
}

export function CheckField({ checked, onChange, children, className }: CheckFieldProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the checkbox brings its own input.
    <label
      className={clsx(
        'flex cursor-pointer items-center gap-2.5 rounded-md px-2 py-1.5 text-sm hover:bg-hover pointer-coarse:py-2.5',
        className,
      )}
    >
      <Checkbox.Root
        checked={checked}
        onCheckedChange={onChange}
        className="grid size-4 shrink-0 place-items-center rounded-[5px] border border-control-line bg-raised data-checked:border-accent data-checked:bg-accent"
      >
        <Checkbox.Indicator className="text-on-accent">
          <Check aria-hidden strokeWidth={3} className="size-3" />
        </Checkbox.Indicator>
      </Checkbox.Root>
      {children}
    </label>
  )
}
