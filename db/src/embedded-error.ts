/** Why Loqui cannot start, in a sentence for the person at the terminal that says what to do; its stack interests nobody. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
