import { useSyncExternalStore } from 'react'
import { formatAgo, formatMoment } from '../format.ts'

/** One clock for everything on the screen that says how long ago it was. */
let now = new Date()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  // It stood still while nobody looked at it.
  if (listeners.size === 0) now = new Date()
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = new Date()
    for (const each of listeners) each()
  }, 30_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** How long ago something was, and the moment itself for who hovers. */
export function Ago({ at, className }: { at: string; className?: string }) {
  const current = useSyncExternalStore(subscribe, () => now)
  return (
    <time dateTime={at} title={formatMoment(at)} className={className}>
      {formatAgo(at, current)}
    </time>
  )
}
