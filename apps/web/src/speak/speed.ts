/** Speeds to choose from: round numbers, finer near the voice's own pace, which stands in the middle. */
const slower = [0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
const faster = [1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.75, 2, 2.25, 2.5, 3, 4]
const speeds = [...slower, 1, ...faster]

/** Places on a slider, one for each speed; 0 is the middle. */
export const speedPlaces = { min: -slower.length, max: faster.length, step: 1 }

export const toSpeed = (place: number) => speeds[place + slower.length] ?? 1

/** The place of the nearest speed: programs may have asked for one in between. */
export function toPlace(speed: number): number {
  const distances = speeds.map((other) => Math.abs(Math.log(other / speed)))
  return distances.indexOf(Math.min(...distances)) - slower.length
}
