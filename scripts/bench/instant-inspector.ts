import { createInspector as createRealInspector } from '@loqui/audio/inspect/create'
import { type Inspector, peakCount } from '@loqui/audio/inspect/inspector'

/** An inspector that knows at once what every file is: what is measured is the work around it. */
export function createInspector(options: Parameters<typeof createRealInspector>[0]): Inspector {
  return {
    ...createRealInspector(options),
    async inspect(_file, { signal } = {}) {
      signal?.throwIfAborted()
      return {
        ...{ container: 'wav', codec: 'pcm-s16', durationMs: 10_000, sampleRate: 48_000, channels: 2 },
        peaks: new Uint8Array(peakCount).fill(100),
        measured: {
          ...{ loudnessLufs: -20, peakDbfs: -3, speechMs: 9_000, clippedShare: 0, noiseDbfs: -70 },
          ...{ pitchHz: 120, syllablesPerSecond: 4 },
        },
      }
    },
  }
}
