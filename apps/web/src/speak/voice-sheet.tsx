import type { Voice } from '@loqui/sdk'
import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { formatPitch, formatSpeed } from '../format.ts'
import { formats } from '../generations/formats.ts'
import { Dialog } from '../ui/dialog.tsx'
import { PreviewBadge } from '../voices/preview-badge.tsx'
import { describeVoice, VoiceInitial, VoiceList } from '../voices/voice-list.tsx'
import { isPreview } from '../voices/voices.ts'
import { Delivery } from './delivery.tsx'
import type { Draft, DraftStore } from './draft.ts'
import { rangeOf } from './settings.ts'

interface VoiceSheetProps {
  voice: Voice | undefined
  draft: Draft
  onChange: DraftStore['update']
}

/** Voice and delivery where there is no room beside the text: a line that opens a sheet. */
export function VoiceSheet({ voice, draft, onChange }: VoiceSheetProps) {
  const [isOpen, setIsOpen] = useState(false)
  const delivery = [
    ...(rangeOf(voice?.takes, 'speed') ? [formatSpeed(draft.speed)] : []),
    ...(rangeOf(voice?.takes, 'pitch') ? [formatPitch(draft.pitch)] : []),
    formats[draft.format].label,
  ].join(' · ')
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        onClick={() => setIsOpen(true)}
        className="flex min-h-14 w-full items-center gap-3 px-4 py-2 text-left"
      >
        <VoiceInitial voice={voice} />
        <span className="min-w-0 flex-1">
          <span className="flex items-center gap-1.5">
            <span className="truncate font-medium">{voice?.name ?? 'Voice'}</span>
            {voice && isPreview(voice) && <PreviewBadge />}
          </span>
          <span className="block truncate text-xs text-muted">
            {voice && `${describeVoice(voice)} · `}
            {delivery}
          </span>
        </span>
        <ChevronRight aria-hidden className="size-4 shrink-0 text-subtle" />
      </button>
      <Dialog open={isOpen} onOpenChange={setIsOpen} title="Voice and delivery">
        <div className="flex flex-col gap-6 overflow-y-auto px-5 pb-6">
          <VoiceList value={voice?.id} onChange={({ id }) => onChange({ voiceId: id })} />
          <Delivery draft={draft} voice={voice} onChange={onChange} />
        </div>
      </Dialog>
    </>
  )
}
