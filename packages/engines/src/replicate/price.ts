/**
 * In micro-dollars for each character, by the prices seen in July 2026: $0.025 for a thousand. Multilingual is billed by
 * seconds of a machine at a price that varies; that it costs about the same is a guess on the safe side.
 */
export const usualMicrosPerCharacter = 25
