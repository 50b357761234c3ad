import { useLoqui } from '@loqui/sdk/react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { ChevronsUpDown, LogOut, Monitor, Moon, Sun } from 'lucide-react'
import { sentenceOf } from '../errors.ts'
import { logOut, useAccount } from '../session/account.ts'
import { setTheme, type Theme, useTheme } from '../theme/theme.ts'
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '../ui/menu.tsx'
import { toast } from '../ui/toast.tsx'

const themes: { value: Theme; label: string; icon: React.ReactNode }[] = [
  { value: 'system', label: 'As the system', icon: <Monitor aria-hidden /> },
  { value: 'light', label: 'Light', icon: <Sun aria-hidden /> },
  { value: 'dark', label: 'Dark', icon: <Moon aria-hidden /> },
]

/** @param compact only the initial, for a narrow bar. */
export function AccountMenu({ compact = false }: { compact?: boolean }) {
  const account = useAccount()
  const theme = useTheme()
  const loqui = useLoqui()
  const queryClient = useQueryClient()
  const router = useRouter()
  const leaving = useMutation({
    mutationFn: () => logOut(loqui, queryClient),
    onSuccess: () => router.navigate({ to: '/login' }),
    onError: (error) => toast(sentenceOf(error)),
  })
  const name = account.name ?? account.email

  return (
    <Menu
      fixed
      side={compact ? 'bottom' : 'top'}
      align={compact ? 'end' : 'start'}
      trigger={
        <button
          type="button"
          aria-label={`Account of ${name}`}
          className={clsx(
            'flex items-center gap-2.5 rounded-lg text-left transition-colors duration-150 hover:bg-hover data-popup-open:bg-selected',
            compact ? 'size-11 justify-center' : 'h-11 px-2',
          )}
        >
          <span
            aria-hidden
            data-initial={name.charAt(0)}
            className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent-text uppercase before:content-[attr(data-initial)]"
          />
          {!compact && (
            <>
              <span className="min-w-0 flex-1 truncate font-medium">{name}</span>
              <ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-subtle" />
            </>
          )}
        </button>
      }
    >
      <MenuLabel>
        <span className="block max-w-56 truncate">{account.email}</span>
      </MenuLabel>
      <MenuSeparator />
      <MenuChoice label="Theme" value={theme} options={themes} onChange={setTheme} />
      <MenuSeparator />
      <MenuItem onClick={() => leaving.mutate()} disabled={leaving.isPending}>
        <LogOut aria-hidden />
        Log out
      </MenuItem>
    </Menu>
  )
}
