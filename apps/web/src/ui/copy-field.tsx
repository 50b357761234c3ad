import { Check, Copy } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Button } from './button.tsx'
import { inputClass } from './text-field.tsx'

/** A value to take along. Where the browser lets no page copy, it is selected instead, ready for the keyboard. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const input = useRef<HTMLInputElement>(null)
  const [outcome, setOutcome] = useState<'copied' | 'selected'>()

  useEffect(() => {
    if (!outcome) return
    const timer = setTimeout(() => setOutcome(undefined), 4_000)
    return () => clearTimeout(timer)
  }, [outcome])

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value)
      setOutcome('copied')
    } catch {
      input.current?.select()
      setOutcome('selected')
    }
  }

  return (
    <div>
      <div className="flex gap-2">
        <input
          ref={input}
          readOnly
          aria-label={label}
          value={value}
          spellCheck={false}
          onFocus={(event) => event.currentTarget.select()}
          className={`${inputClass} min-w-0 font-mono text-sm`}
        />
        <Button onClick={copy} className="min-w-24">
          {outcome === 'copied' ? <Check aria-hidden /> : <Copy aria-hidden />}
          {outcome === 'copied' ? 'Copied' : 'Copy'}
        </Button>
      </div>
      <p role="status" className="mt-1.5 min-h-4.5 text-xs text-muted">
        {outcome === 'selected' && 'It is selected: copy it with the keyboard.'}
        {outcome === 'copied' && <span className="sr-only">Copied.</span>}
      </p>
    </div>
  )
}
