import { Menu as Base } from '@base-ui/react/menu'
import { clsx } from 'clsx'
import { Check } from 'lucide-react'
import type { ComponentProps, ReactElement, ReactNode } from 'react'
import { popupClass } from './popup.ts'

const itemClass = clsx(
  'flex cursor-pointer items-center gap-2.5 rounded-md px-2 py-1.5 text-sm text-ink no-underline outline-none select-none',
  'data-highlighted:bg-selected pointer-coarse:py-2.5 pointer-coarse:text-base',
  '[&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-subtle',
)

interface MenuProps {
  trigger: ReactElement
  children: ReactNode
  side?: ComponentProps<typeof Base.Positioner>['side']
  align?: ComponentProps<typeof Base.Positioner>['align']
  /** The trigger stays where it is while the page scrolls. */
  fixed?: boolean
}

export function Menu({ trigger, children, side = 'bottom', align = 'end', fixed = false }: MenuProps) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner
          side={side}
          align={align}
          sideOffset={6}
          positionMethod={fixed ? 'fixed' : 'absolute'}
          className="z-50 outline-none"
        >
          <Base.Popup className={clsx(popupClass, 'min-w-44 p-1')}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

export function MenuItem(props: ComponentProps<typeof Base.Item>) {
  return <Base.Item {...props} className={itemClass} />
}

export function MenuLink(props: ComponentProps<typeof Base.LinkItem>) {
  return <Base.LinkItem closeOnClick {...props} className={itemClass} />
}

export function MenuSeparator() {
  return <Base.Separator className="my-1 h-px bg-line" />
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <div className="px-2 pt-1.5 pb-1 text-xs text-subtle">{children}</div>
}

interface MenuChoiceProps<Value extends string> {
  label: string
  value: Value
  options: readonly { value: Value; label: string; icon?: ReactNode }[]
  onChange: (value: Value) => void
}

/** One of several, chosen inside a menu. */
export function MenuChoice<Value extends string>({ label, value, options, onChange }: MenuChoiceProps<Value>) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2 pt-1.5 pb-1 text-xs text-subtle">{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={onChange}>
        {options.map((option) => (
          <Base.RadioItem key={option.value} value={option.value} className={itemClass}>
            {option.icon}
            <span className="flex-1">{option.label}</span>
            <Base.RadioItemIndicator>
              <Check aria-hidden className="!text-accent-text" />
            </Base.RadioItemIndicator>
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  )
}
