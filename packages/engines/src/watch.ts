/**
 * Tells how many milliseconds have passed since it was called, by the clock that says more: one of them may be set back, and
 * the other stands still while the machine sleeps.
 */
export function startWatch(): () => number {
  const began = { wall: Date.now(), steady: performance.now() }
  return () => Math.max(Date.now() - began.wall, performance.now() - began.steady)
}
