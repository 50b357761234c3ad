import { Link } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { X } from 'lucide-react'
import { formatCount } from '../format.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { Alert } from '../ui/notice.tsx'
import type { Problem } from './generate.ts'

const isMac = /Mac|iP(hone|ad|od)/.test(navigator.userAgent)

interface ActionBarProps {
  characters: number
  maxCharacters: number | undefined
  /** How long the speech will be, and whether that much is left. */
  estimate: { sentence: string; fits: boolean } | undefined
  hasKeyboard: boolean
  isPending: boolean
  problem: Problem | null
  onDismiss: () => void
}

/** The ids of what describes the text. */
export const countId = 'text-count'
export const estimateId = 'text-estimate'

/** How long the text is and its speech will be, and the button. A problem floats above it, so that nothing moves when it comes and goes. */
export function ActionBar({
  characters,
  maxCharacters,
  estimate,
  hasKeyboard,
  isPending,
  problem,
  onDismiss,
}: ActionBarProps) {
  const isTooLong = maxCharacters !== undefined && characters > maxCharacters
  return (
    <div
      className={clsx(
        'sticky bottom-[calc(3.5rem+env(safe-area-inset-bottom))] z-20 order-last border-t border-line bg-surface md:bottom-0 md:rounded-b-xl',
        'lg:relative lg:order-none lg:rounded-none lg:border-t-0',
      )}
    >
      <div className="relative mx-auto flex max-w-[47rem] items-center justify-between gap-4 px-4 py-2.5 sm:px-8 lg:pb-4">
        {problem && (
          <div className="absolute inset-x-4 bottom-full mb-2 sm:inset-x-8">
            <Alert
              className="shadow-raised"
              action={
                <span className="-my-1.5 flex items-center gap-2">
                  {problem.isQuota && (
                    <Link to="/usage" className="font-medium underline underline-offset-3">
                      See usage
                    </Link>
                  )}
                  <button
                    type="button"
                    aria-label="Dismiss"
                    onClick={onDismiss}
                    className={clsx(buttonClass({ variant: 'ghost', size: 'icon' }), '-mr-1.5 text-danger-text!')}
                  >
                    <X aria-hidden />
                  </button>
                </span>
              }
            >
              {problem.sentence}
            </Alert>
          </div>
        )}
        <div className="flex min-h-9 min-w-0 flex-col justify-center gap-0.5 text-xs tabular-nums">
          <p id={countId} className={clsx(isTooLong ? 'font-medium text-danger-text' : 'text-muted')}>
            {formatCount(characters)}
            {maxCharacters !== undefined && (
              <span className={clsx(!isTooLong && 'text-subtle')}> / {formatCount(maxCharacters)} characters</span>
            )}
          </p>
          {estimate && (
            <p id={estimateId} className={clsx(estimate.fits ? 'text-muted' : 'font-medium text-danger-text')}>
              {estimate.sentence}
            </p>
          )}
        </div>
        <Button type="submit" variant="primary" pending={isPending}>
          Generate
          {hasKeyboard && (
            <kbd aria-hidden className="font-sans text-xs">
              {isMac ? '⌘↵' : 'Ctrl ↵'}
            </kbd>
          )}
        </Button>
      </div>
    </div>
  )
}
