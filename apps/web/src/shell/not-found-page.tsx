import { Link } from '@tanstack/react-router'
import { buttonClass } from '../ui/button.tsx'
import { Mark } from '../ui/logo.tsx'
import { useTitle } from './page.tsx'

export function NotFoundPage() {
  useTitle('Not found')
  return (
    <main id="main" tabIndex={-1} className="grid min-h-[70dvh] place-items-center p-6 outline-none">
      <div className="max-w-sm text-center">
        <Mark className="mx-auto mb-6 size-10 text-accent" />
        <h1 className="font-serif text-2xl">There is nothing at this address.</h1>
        <p className="mt-2 text-muted">It was deleted, or never was, or belongs to another account.</p>
        <Link to="/" className={`${buttonClass({ variant: 'primary' })} mt-6`}>
          Go to the studio
        </Link>
      </div>
    </main>
  )
}
