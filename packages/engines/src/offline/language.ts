export function foreignLanguage(text: string): string | null {
  return null
}
