/** What Flite reads for an abbreviation; of two readings, the longer. */
const anyCase: Readonly<Record<string, string>> = {
  dr: 'doctor',
  feb: 'february',
  mr: 'mister',
  mrs: 'missus',
  nov: 'november',
  oct: 'october',
  st: 'street',
}

/** By the code of the post. Flite leaves many of them alone unless they stand as a place would: one cannot know. */
const states: Readonly<Record<string, string>> = {
  AK: 'alaska',
  AL: 'alabama',
  AR: 'arkansas',
  AZ: 'arizona',
  CA: 'california',
  CO: 'colorado',
  CT: 'connecticut',
  DC: 'district of columbia',
  DE: 'delaware',
  FL: 'florida',
  GA: 'georgia',
  HI: 'hawaii',
  IA: 'iowa',
  ID: 'idaho',
  IL: 'illinois',
  IN: 'indiana',
  KN: 'kentucky',
  KS: 'kansas',
  KY: 'kentucky',
  LA: 'louisiana',
  MA: 'massachusetts',
  MD: 'maryland',
  ME: 'maine',
  MI: 'michigan',
  MN: 'minnesota',
  MO: 'missouri',
  MS: 'mississippi',
  MT: 'montana',
  NC: 'north carolina',
  ND: 'north dakota',
  NE: 'nebraska',
  NH: 'new hampshire',
  NJ: 'new jersey',
  NM: 'new mexico',
  NV: 'nevada',
  NY: 'new york',
  OH: 'ohio',
  OK: 'oklahoma',
  OR: 'oregon',
  PA: 'pennsylvania',
  RI: 'rhode island',
  SC: 'south carolina',
  SD: 'south dakota',
  TN: 'tennessee',
  TX: 'texas',
  UT: 'utah',
  VA: 'virginia',
  VT: 'vermont',
  WA: 'washington',
  WI: 'wisconsin',
  WV: 'west virginia',
  WY: 'wyoming',
}

/** Of the older ones that Flite knows, those that `speakable` leaves. */
const olderStates: Readonly<Record<string, string>> = {
  Ala: 'alabama',
  Calif: 'california',
  Colo: 'colorado',
  Fla: 'florida',
  Kans: 'kansas',
  Mich: 'michigan',
  Minn: 'minnesota',
  Neb: 'nebraska',
  Nev: 'nevada',
  Okla: 'oklahoma',
  Ten: 'tennessee',
  Tenn: 'tennessee',
  Wyo: 'wyoming',
}

/** Codes that it takes for states also when only the first letter is a capital, where `speakable` leaves them. */
const capitalized = /^(?:Ak|Az|Ca|Ga|Ia|Kn|Md|Ne|Tn|Wa|Wi|Wy)$/u

/** The words that Flite may read for a word that it takes for an abbreviation; `undefined` for any other. */
export function inFull(word: string): string | undefined {
  return (
    own(anyCase, word.toLowerCase()) ??
    own(olderStates, word) ??
    own(states, capitalized.test(word) ? word.toUpperCase() : word)
  )
}

/** `constructor` is no abbreviation. */
const own = (table: Readonly<Record<string, string>>, key: string) =>
  Object.hasOwn(table, key) ? table[key] : undefined
