import { Outlet, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'

export function Root() {
  const router = useRouter()

  // A new page begins where it begins, also for a keyboard and a screen reader.
  useEffect(
    () =>
      router.subscribe('onResolved', ({ fromLocation, pathChanged }) => {
        const main = document.getElementById('main')
        if (fromLocation && pathChanged && !main?.contains(document.activeElement)) main?.focus({ preventScroll: true })
      }),
    [router],
  )

  return (
    <>
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-lg bg-accent px-4 py-2 font-medium text-on-accent focus-visible:translate-y-0"
      >
        Skip to content
      </a>
      <Outlet />
    </>
  )
}
