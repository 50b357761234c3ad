import { clsx } from 'clsx'
import type { CSSProperties, ReactNode } from 'react'
import { layOut } from './cells.ts'
import type { SegmentLengths } from './live.ts'

/** More would be thinner than the gaps between them on a phone. */
const maxCells = 72

interface StripProps {
  total: number
  lengths: SegmentLengths
  /** `making` fills cells as segments arrive; `ready` shows all of them, as far as `--played` in the accent. */
  mode: 'making' | 'ready'
  /** Whether somebody works on what is missing. */
  isActive?: boolean
  className?: string
  children?: ReactNode
}

/** The segments of a generation, side by side: first what has arrived, then the time line to play along. */
export function Strip({ total, lengths, mode, isActive = false, className, children }: StripProps) {
  const cells = layOut(total, lengths, maxCells)
  return (
    <div className={clsx('relative h-7', className)}>
      <Row>
        {cells.map((cell) => {
          const isFull = mode === 'ready' || cell.filled === 1
          return (
            <span
              key={cell.index}
              style={{ flexGrow: cell.weight }}
              className={clsx(
                'min-w-px basis-0 overflow-hidden rounded-[3px] transition-[height,flex-grow,background-color] duration-300',
                mode === 'ready'
                  ? 'bg-accent/30'
                  : !isFull
                    ? 'bg-line-strong'
                    : isActive
                      ? 'bg-accent'
                      : 'bg-control-line',
                isFull ? 'h-5' : 'h-1',
                mode === 'making' && !isFull && isActive && 'animate-pulse',
              )}
            >
              {mode === 'making' && cell.filled > 0 && !isFull && (
                <span className="block h-full bg-accent" style={{ width: `${cell.filled * 100}%` }} />
              )}
            </span>
          )
        })}
      </Row>
      {mode === 'ready' && (
        <Row style={{ clipPath: 'inset(0 calc(100% - var(--played, 0%)) 0 0)' }}>
          {cells.map((cell) => (
            <span
              key={cell.index}
              style={{ flexGrow: cell.weight }}
              className="h-5 min-w-px basis-0 rounded-[3px] bg-accent transition-[flex-grow] duration-300"
            />
          ))}
        </Row>
      )}
      {children}
    </div>
  )
}

function Row({ style, children }: { style?: CSSProperties; children: ReactNode }) {
  return (
    <span aria-hidden style={style} className="absolute inset-0 flex items-center gap-[2px]">
      {children}
    </span>
  )
}
