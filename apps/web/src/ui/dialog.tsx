import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog as Base } from '@base-ui/react/dialog'
import { clsx } from 'clsx'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button, buttonClass } from './button.tsx'

const backdropClass = clsx(
  'fixed inset-0 z-40 bg-scrim transition-opacity duration-200',
  'data-ending-style:opacity-0 data-starting-style:opacity-0',
)

/** A sheet from below on a phone, a card in the middle elsewhere. */
const dialogClass = clsx(
  'fixed z-40 flex flex-col border-line bg-raised text-ink shadow-raised outline-none',
  'inset-x-0 bottom-0 max-h-[88dvh] rounded-t-2xl border-t pb-[env(safe-area-inset-bottom)]',
  'transition-[translate,opacity,scale] duration-200 data-ending-style:translate-y-full data-starting-style:translate-y-full',
  'sm:inset-x-auto sm:bottom-auto sm:top-1/2 sm:left-1/2 sm:max-h-[min(44rem,90dvh)] sm:w-[calc(100%-3rem)] sm:max-w-lg sm:-translate-1/2 sm:rounded-2xl sm:border sm:pb-0',
  'sm:data-ending-style:-translate-y-1/2 sm:data-ending-style:scale-97 sm:data-ending-style:opacity-0',
  'sm:data-starting-style:-translate-y-1/2 sm:data-starting-style:scale-97 sm:data-starting-style:opacity-0',
)

interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  description?: string
  children: ReactNode
  /** While true, neither a press outside nor Escape closes it. */
  keep?: boolean
}

export function Dialog({ open, onOpenChange, title, description, children, keep = false }: DialogProps) {
  return (
    <Base.Root
      open={open}
      onOpenChange={(next, details) => {
        if (!next && keep && details.reason !== 'close-press') return
        onOpenChange(next)
      }}
      disablePointerDismissal={keep}
    >
      <Base.Portal>
        <Base.Backdrop className={backdropClass} />
        <Base.Popup className={dialogClass}>
          <header className="flex items-start justify-between gap-4 px-5 pt-4 pb-3">
            <div className="min-w-0 pt-0.5">
              <Base.Title className="text-lg font-semibold">{title}</Base.Title>
              {description && <Base.Description className="mt-1 text-sm text-muted">{description}</Base.Description>}
            </div>
            <Base.Close aria-label="Close" className={clsx(buttonClass({ variant: 'ghost', size: 'icon' }), '-mr-2')}>
              <X aria-hidden />
            </Base.Close>
          </header>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}

interface ConfirmProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /** What is lost. */
  description: string
  /** The act itself, such as “Delete generation”. */
  action: string
  pending: boolean
  error?: string | undefined
  onConfirm: () => void
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({
  open,
  onOpenChange,
  title,
  description,
  action,
  pending,
  error,
  onConfirm,
}: ConfirmProps) {
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdropClass} />
        <AlertDialog.Popup className={clsx(dialogClass, 'sm:max-w-md')}>
          <div className="px-5 pt-5 pb-4">
            <AlertDialog.Title className="text-lg font-semibold">{title}</AlertDialog.Title>
            <AlertDialog.Description className="mt-1.5 text-base text-muted">{description}</AlertDialog.Description>
            {error && (
              <p role="alert" className="mt-3 text-sm text-danger-text">
                {error}
              </p>
            )}
          </div>
          <footer className="flex justify-end gap-2 border-t border-line px-5 py-3">
            <AlertDialog.Close className={buttonClass()}>Keep</AlertDialog.Close>
            <Button variant="danger" pending={pending} onClick={onConfirm}>
              {action}
            </Button>
          </footer>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
