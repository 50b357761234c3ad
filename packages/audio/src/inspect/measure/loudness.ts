import { framesPerSecond } from './frames.ts'

const blockFrames = 0.4 * framesPerSecond
const stepFrames = 0.1 * framesPerSecond
const toLufs = (energy: number) => -0.691 + 10 * Math.log10(energy)

/**
 * Integrated loudness by EBU R128: blocks of 400 ms that overlap by three quarters, gated at -70 LUFS and then at 10 LU
 * below what is left.
 *
 * @param energies of frames of 10 ms, K-weighted, summed over channels
 * @returns in LUFS; `null` when no block passes the gate
 */
export function loudnessOf(energies: Float64Array): number | null {
  const blocks: number[] = []
  let sum = 0
  for (let frame = 0; frame < energies.length; frame++) {
    sum += energies[frame] ?? 0
    if (frame >= blockFrames) sum -= energies[frame - blockFrames] ?? 0
    const count = frame + 1
    if (count >= blockFrames && (count - blockFrames) % stepFrames === 0) blocks.push(Math.max(0, sum / blockFrames))
  }
  const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length
  const heard = blocks.filter((energy) => toLufs(energy) > -70)
  if (heard.length === 0) return null
  const gate = toLufs(mean(heard)) - 10
  return toLufs(mean(heard.filter((energy) => toLufs(energy) > gate)))
}
