import { LoaderCircle } from 'lucide-react'

export function PendingPage() {
  return (
    <div role="status" className="grid min-h-[70dvh] place-items-center text-subtle">
      <LoaderCircle aria-hidden className="size-5 animate-spin" />
      <span className="sr-only">Loading</span>
    </div>
  )
}
