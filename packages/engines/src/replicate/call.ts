import type { Prediction } from './prediction.ts'

/** A call that was announced, and what it created. */
export interface Call {
  readonly mark: string
  readonly prediction: Prediction
}
