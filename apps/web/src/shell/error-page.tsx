import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { sentenceOf } from '../errors.ts'
import { Button } from '../ui/button.tsx'
import { Mark } from '../ui/logo.tsx'
import { useTitle } from './page.tsx'

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  useTitle('Something went wrong')
  return (
    <main id="main" tabIndex={-1} className="grid min-h-[70dvh] place-items-center p-6 outline-none">
      <div role="alert" className="max-w-md text-center">
        <Mark className="mx-auto mb-6 size-10 text-danger" />
        <h1 className="font-serif text-2xl">This page could not be shown.</h1>
        <p className="mt-2 text-pretty text-muted">{sentenceOf(error)}</p>
        <Button
          variant="primary"
          className="mt-6"
          onClick={() => {
            reset()
            void router.invalidate()
          }}
        >
          Try again
        </Button>
      </div>
    </main>
  )
}
