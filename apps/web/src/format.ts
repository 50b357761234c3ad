/** Numbers, lengths and times as people read them. */

const numbers = new Intl.NumberFormat('en')

export const formatCount = (count: number) => numbers.format(count)

/** A length on a clock: `0:07`, `12:34`, `1:02:03`. */
export function formatClock(ms: number): string {
  const total = Math.max(0, Math.round(ms / 1000))
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor(total / 60) % 60
  const seconds = String(total % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`
}

/** A length in words, by its two largest units: `4.2 s`, `9 min 12 s`, `20 h`. */
export function formatLength(ms: number): string {
  if (ms < 10_000 && ms % 1000 !== 0) return `${(ms / 1000).toFixed(1)} s`
  const total = Math.round(ms / 1000)
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor(total / 60) % 60
  const seconds = total % 60
  if (hours > 0) return minutes > 0 && hours < 100 ? `${hours} h ${minutes} min` : `${formatCount(hours)} h`
  if (minutes > 0) return seconds > 0 ? `${minutes} min ${seconds} s` : `${minutes} min`
  return `${seconds} s`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Decimal units, as disks are sold: `100 MB`, `1.5 GB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} ${units[power]}`
}

const dates = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' })
const datesThisYear = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' })
const moments = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })

/** `3 Nov`, with the year when it is another one. */
export function formatDate(iso: string, now = new Date()): string {
  const date = new Date(iso)
  return (date.getFullYear() === now.getFullYear() ? datesThisYear : dates).format(date)
}

const days = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** `Nov 3` for `2026-11-03`: a day as it is counted, in UTC, wherever somebody looks at it. */
export const formatDay = (day: string) => days.format(new Date(day))

const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumFractionDigits: 6 })

/** `$1.25`, of millionths of a dollar. */
export const formatMoney = (micros: number) => money.format(micros / 1_000_000)

/** To the second, for who looks closer. */
export const formatMoment = (iso: string) => moments.format(new Date(iso))

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

/** How long ago: `just now`, `5 min. ago`, `yesterday`; a date after a week. */
export function formatAgo(iso: string, now = new Date()): string {
  const seconds = (now.getTime() - new Date(iso).getTime()) / 1000
  if (seconds < 45) return 'just now'
  if (seconds < 3600) return relative.format(-Math.max(1, Math.round(seconds / 60)), 'minute')
  if (seconds < 22 * 3600) return relative.format(-Math.max(1, Math.round(seconds / 3600)), 'hour')
  if (seconds < 7 * 86_400) return relative.format(-Math.max(1, Math.round(seconds / 86_400)), 'day')
  return formatDate(iso, now)
}

const languageNames = new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'standard', style: 'short' })

/** `English (US)` for `en-US`. */
export function formatLanguage(tag: string): string {
  try {
    return languageNames.of(tag) ?? tag
  } catch {
    return tag
  }
}

export const formatSpeed = (speed: number) => `${Number(speed.toFixed(2))}×`

/** In semitones, with a sign: `+3 st`, `−12 st`, `0 st`. */
export const formatPitch = (semitones: number) =>
  `${semitones > 0 ? '+' : semitones < 0 ? '−' : ''}${Math.abs(semitones)} st`
