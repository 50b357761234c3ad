/**
 * What a text costs where characters are paid for, in whole micro-dollars. They are counted as Python does, by code points.
 */
export function priceOf(text: string, microsPerCharacter: number): number {
  let characters = 0
  for (const _ of text) characters++
  return Math.ceil(characters * microsPerCharacter)
}
