import type { Generation } from '@loqui/sdk'

export type GenerationState = Generation['state']

export const stateLabels: Record<GenerationState, string> = {
  queued: 'Queued',
  running: 'Running',
  succeeded: 'Done',
  failed: 'Failed',
  canceled: 'Canceled',
}

export const waitLabels: Record<NonNullable<Generation['waitsFor']>, string> = {
  engine_degraded: 'Waits for its engine',
}

export const generationStates = Object.keys(stateLabels) as GenerationState[]

/** What the address of the list says about it. */
export interface GenerationsSearch {
  state?: GenerationState
}

export function readGenerationsSearch(search: Record<string, unknown>): GenerationsSearch {
  const state = generationStates.find((known) => known === search.state)
  return state === undefined ? {} : { state }
}
