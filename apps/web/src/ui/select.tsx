import { Select as Base } from '@base-ui/react/select'
import { clsx } from 'clsx'
import { Check, ChevronsUpDown } from 'lucide-react'
import type { ReactNode } from 'react'
import { popupClass } from './popup.ts'

export interface Option<Value extends string> {
  value: Value
  label: string
  /** A second line in the list. */
  detail?: string
}

interface SelectProps<Value extends string> {
  label: string
  value: Value
  options: readonly Option<Value>[]
  onChange: (value: Value) => void
  /** Shown before the value; the label itself is for screen readers unless shown outside. */
  icon?: ReactNode
  className?: string
}

export function Select<Value extends string>({ label, value, options, onChange, icon, className }: SelectProps<Value>) {
  return (
    <Base.Root<Value>
      items={options}
      value={value}
      onValueChange={(next) => {
        if (next !== null) onChange(next)
      }}
      modal={false}
    >
      <Base.Trigger
        aria-label={label}
        className={clsx(
          'inline-flex h-8 items-center justify-between gap-2 rounded-lg border border-line-strong bg-raised pr-2 pl-2.5 text-sm text-ink',
          'transition-colors duration-150 hover:border-control-line data-popup-open:border-control-line pointer-coarse:h-11 pointer-coarse:text-base',
          '[&_svg]:size-3.5 [&_svg]:shrink-0 [&_svg]:text-subtle',
          className,
        )}
      >
        <span className="flex min-w-0 items-center gap-2">
          {icon}
          <Base.Value className="truncate" />
        </span>
        <Base.Icon render={<ChevronsUpDown aria-hidden />} />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-50 outline-none">
          <Base.Popup
            className={clsx(popupClass, 'max-h-(--available-height) min-w-(--anchor-width) overflow-y-auto p-1')}
          >
            {options.map((option) => (
              <Base.Item
                key={option.value}
                value={option.value}
                className={clsx(
                  'grid cursor-pointer grid-cols-[1rem_1fr] items-center gap-x-2 rounded-md py-1.5 pr-4 pl-2 text-sm outline-none select-none',
                  'data-highlighted:bg-selected pointer-coarse:py-2.5 pointer-coarse:text-base',
                )}
              >
                <Base.ItemIndicator className="col-start-1 row-start-1 text-accent-text">
                  <Check aria-hidden className="size-3.5" />
                </Base.ItemIndicator>
                <Base.ItemText className="col-start-2 row-start-1">{option.label}</Base.ItemText>
                {option.detail && <span className="col-start-2 text-xs text-subtle">{option.detail}</span>}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
