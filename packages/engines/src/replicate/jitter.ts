/** The share of a wait by which it may be longer. */
const share = 1 / 4

/** A wait of so many milliseconds or a little more: what began at the same moment does not go on at the same moment. */
export const jittered = (ms: number, random = Math.random): number => ms * (1 + random() * share)
