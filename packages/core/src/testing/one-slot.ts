import { createFairSlots, type FairSlots } from '../generations/fair-slots.ts'

/** One slot, which nothing leaves before it has ended: each segment is stored when the next one begins. */
export function oneSlot(): FairSlots {
  const slots = createFairSlots(1)
  return (whose, work) => slots(whose, () => work(() => undefined))
}
