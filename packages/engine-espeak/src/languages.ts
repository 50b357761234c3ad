// SPDX-License-Identifier: GPL-3.0-or-later

/** What eSpeak names its own way, in BCP 47; `null` for what is no language. */
const others: Readonly<Record<string, string | null>> = {
  'ca-ba': 'ca-x-balear',
  'ca-nw': 'ca-x-nwest',
  'ca-va': 'ca-valencia',
  'chr-US-Qaaa-x-west': 'chr-x-west',
  'en-us-nyc': 'en-US-x-nyc',
  piqd: 'tlh',
  py: 'art-x-pyash',
  qdb: 'art-x-belta',
  'ru-cl': 'ru-x-classic',
  // A test of eSpeak's own.
  xex: null,
}

/** The BCP 47 tag of a language as eSpeak names it; `null` where there is none. */
export function languageOf(name: string): string | null {
  const other = others[name]
  if (other !== undefined) return other
  return Intl.getCanonicalLocales(name)[0] ?? null
}
