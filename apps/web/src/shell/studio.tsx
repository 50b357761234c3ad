import { Outlet } from '@tanstack/react-router'
import { useLiveGenerations } from '../generations/live.ts'
import { Wordmark } from '../ui/logo.tsx'
import { QuotaLink } from '../usage/quota-link.tsx'
import { AccountMenu } from './account-menu.tsx'
import { Sidebar, TabBar } from './navigation.tsx'

/** The frame of every page behind the door: a sidebar, or bars above and below on a phone. */
export function Studio() {
  useLiveGenerations()
  return (
    <div className="flex min-h-dvh flex-col md:grid md:h-dvh md:grid-cols-[15.5rem_minmax(0,1fr)]">
      <header className="sticky top-0 z-30 flex h-13 items-center justify-between border-b border-line bg-canvas pr-1.5 pl-4 md:hidden">
        <Wordmark />
        <AccountMenu compact />
      </header>

      <aside className="hidden flex-col gap-6 px-3 pt-5 pb-3 md:flex">
        <div className="px-2">
          <Wordmark />
        </div>
        <Sidebar />
        <div className="mt-auto flex flex-col gap-2">
          <QuotaLink />
          <AccountMenu />
        </div>
      </aside>

      <div className="flex flex-1 flex-col pb-[calc(3.5rem+env(safe-area-inset-bottom))] md:min-h-0 md:py-2 md:pr-2 md:pb-2">
        <main
          id="main"
          tabIndex={-1}
          data-scroll-restoration-id="main"
          className="flex flex-1 flex-col bg-surface outline-none md:min-h-0 md:overflow-y-auto md:rounded-xl md:border md:border-line"
        >
          <Outlet />
        </main>
      </div>

      <TabBar />
    </div>
  )
}
