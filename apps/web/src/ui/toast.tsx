import { Toast } from '@base-ui/react/toast'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { buttonClass } from './button.tsx'

const manager = Toast.createToastManager()

/** Tells in passing that something happened, with one thing to do about it at most. Screen readers hear it too. */
export function toast(title: string, action?: { label: string; onPress: () => void }): void {
  const id = manager.add({
    title,
    ...(action && {
      timeout: 10_000,
      actionProps: {
        children: action.label,
        onClick: () => {
          manager.close(id)
          action.onPress()
        },
      },
    }),
  })
}

export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="fixed inset-x-4 top-16 z-50 flex flex-col gap-2 sm:inset-x-auto sm:top-auto sm:right-5 sm:bottom-5 sm:w-88">
          <Toasts />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function Toasts() {
  const { toasts } = Toast.useToastManager()
  return toasts.map((item) => (
    <Toast.Root
      key={item.id}
      toast={item}
      className="rounded-xl border border-line bg-raised text-ink shadow-raised transition-[opacity,translate] duration-200 data-ending-style:translate-y-2 data-ending-style:opacity-0 data-starting-style:translate-y-2 data-starting-style:opacity-0"
    >
      <Toast.Content className="flex min-h-11 items-center gap-2 py-1.5 pr-1.5 pl-4">
        <Toast.Title className="min-w-0 flex-1 text-sm font-medium" />
        {item.actionProps && <Toast.Action className={buttonClass({ variant: 'secondary', size: 'sm' })} />}
        <Toast.Close aria-label="Dismiss" className={buttonClass({ variant: 'ghost', size: 'icon' })}>
          <X aria-hidden />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}
