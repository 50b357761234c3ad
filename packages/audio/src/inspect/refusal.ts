/** Every reason for which a file is not taken, a part of the core's closed union. */
export const inspectionReasons = [
  'audio_unsupported',
  'audio_undecodable',
  'audio_mislabeled',
  'audio_too_short',
  'audio_too_long',
  'audio_too_complex',
  'audio_silent',
  'audio_clipped',
] as const

export type InspectionReason = (typeof inspectionReasons)[number]

/** What is wrong with a file. `message` is a sentence for people, with the measured figure in it, and safe to show. */
export class InspectionRefusal extends Error {
  override readonly name = 'InspectionRefusal'
  readonly reason: InspectionReason

  constructor(reason: InspectionReason, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.reason = reason
  }
}
