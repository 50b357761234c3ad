import { PreviewBadge } from './preview-badge.tsx'
import { useVoice } from './voices.ts'

/**
 * What a voice is called, and whether it is a preview.
 *
 * @param voiceId of what is no voice, nothing more is known than its name.
 * @param name where it is known already.
 */
export function VoiceName({ voiceId, name }: { voiceId: string | null; name?: string }) {
  const voice = useVoice(voiceId)
  return (
    <>
      {name ?? voice.name}
      {voice.isPreview && (
        <span className="ml-1.5">
          <PreviewBadge />
        </span>
      )}
    </>
  )
}
