import { clsx } from 'clsx'
import { LoaderCircle } from 'lucide-react'
import type { ComponentProps } from 'react'

type Variant = 'primary' | 'secondary' | 'ghost' | 'danger'
type Size = 'md' | 'sm' | 'icon'

const variants: Record<Variant, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-hover',
  secondary: 'border border-line-strong bg-raised text-ink hover:border-control-line hover:bg-hover',
  ghost: 'text-muted hover:bg-hover hover:text-ink',
  danger: 'bg-danger text-on-danger hover:opacity-90',
}

const sizes: Record<Size, string> = {
  md: 'h-9 gap-2 px-3.5 text-base pointer-coarse:h-11',
  sm: 'h-7.5 gap-1.5 px-2.5 text-sm pointer-coarse:h-10',
  icon: 'size-8 pointer-coarse:size-11',
}

/** The look of a button, also for links that act as one. */
export function buttonClass({ variant = 'secondary', size = 'md' }: { variant?: Variant; size?: Size } = {}): string {
  return clsx(
    'inline-flex shrink-0 select-none items-center justify-center whitespace-nowrap rounded-lg font-medium',
    'transition-[color,background-color,border-color,opacity,scale] duration-150 active:scale-[0.985]',
    'disabled:pointer-events-none disabled:opacity-45 data-popup-open:bg-selected data-popup-open:text-ink',
    '[&_svg]:size-4 [&_svg]:shrink-0',
    variants[variant],
    sizes[size],
  )
}

interface ButtonProps extends ComponentProps<'button'> {
  variant?: Variant
  size?: Size
  /** Shows that it is at work and takes no further press; the label stays, so that nothing moves. */
  pending?: boolean
}

const pendingColors: Record<Variant, string> = {
  primary: 'text-on-accent',
  secondary: 'text-ink',
  ghost: 'text-ink',
  danger: 'text-on-danger',
}

export function Button({
  variant = 'secondary',
  size = 'md',
  pending = false,
  className,
  children,
  disabled,
  ...props
}: ButtonProps) {
  return (
    <button
      type="button"
      className={clsx(buttonClass({ variant, size }), 'relative', pending && 'text-transparent!', className)}
      disabled={disabled || pending}
      aria-busy={pending || undefined}
      {...props}
    >
      {children}
      {pending && <LoaderCircle aria-hidden className={clsx('absolute animate-spin', pendingColors[variant])} />}
    </button>
  )
}
