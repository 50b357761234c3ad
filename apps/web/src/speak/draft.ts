import type { AudioFormat } from '@loqui/sdk'
import { useSyncExternalStore } from 'react'
import { isAudioFormat } from '../generations/formats.ts'
import type { Fallback } from './fallback.ts'
import { type MoreSettings, numberSettings } from './settings.ts'

/** What stands on the writing surface. */
export interface Draft {
  text: string
  title: string
  /** `null` until one is chosen: then the first voice speaks. */
  voiceId: string | null
  format: AudioFormat
  /** Pace against the voice's own, 0.25 to 4. */
  speed: number
  /** In semitones, −12 to 12. */
  pitch: number
  /** What was set beside, for whichever voice takes it. */
  settings: MoreSettings
  /** `null`: any. */
  seed: number | null
  /** Whether numbers and abbreviations are written out. */
  normalize: boolean
  /** Who speaks where the engine of the voice does not work; `wait`: nobody, `null`: whoever the voice says. */
  fallback: Fallback | 'wait' | null
  /** The generation that came of it last, which the page keeps showing. */
  generationId: string | null
}

export const emptyDraft: Draft = {
  text: '',
  title: '',
  voiceId: null,
  format: 'mp3',
  speed: 1,
  pitch: 0,
  settings: {},
  seed: null,
  normalize: false,
  fallback: null,
  generationId: null,
}

/** Seeds are whole numbers from 1 to this. */
export const longestSeed = 2 ** 31 - 1

export interface DraftStore {
  get(): Draft
  update(change: Partial<Draft>): void
  subscribe(listener: () => void): () => void
  /** Writes down at once what is not yet. */
  flush(): void
}

/** Long texts are not written again with every letter. */
const writeDelayMs = 250

const keyPrefix = 'loqui.draft.'

/** A draft that outlives a reload of its tab, and is seen by no other account. */
export function createDraftStore(accountId: string, storage: Pick<Storage, 'getItem' | 'setItem'>): DraftStore {
  const key = keyPrefix + accountId
  let draft = readDraft(key, storage)
  let timer: ReturnType<typeof setTimeout> | undefined
  const listeners = new Set<() => void>()

  const flush = () => {
    if (timer === undefined) return
    clearTimeout(timer)
    timer = undefined
    try {
      storage.setItem(key, JSON.stringify(draft))
    } catch {
      // Storage is full or blocked: the draft lives as long as the page.
    }
  }

  return {
    get: () => draft,
    update(change) {
      draft = { ...draft, ...change }
      timer ??= setTimeout(flush, writeDelayMs)
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    flush,
  }
}

function readDraft(key: string, storage: Pick<Storage, 'getItem'>): Draft {
  try {
    const stored: unknown = JSON.parse(storage.getItem(key) ?? '{}')
    return typeof stored === 'object' && stored !== null ? restoreDraft(stored) : emptyDraft
  } catch {
    return emptyDraft
  }
}

/** Takes what another version of the studio may have written, and leaves what it does not understand. */
function restoreDraft(stored: object): Draft {
  const field = (name: keyof Draft): unknown => (stored as Partial<Record<keyof Draft, unknown>>)[name]
  const text = (name: 'text' | 'title') => {
    const value = field(name)
    return typeof value === 'string' ? value : emptyDraft[name]
  }
  const id = (name: 'voiceId' | 'generationId') => {
    const value = field(name)
    return typeof value === 'string' ? value : null
  }
  const number = (name: 'speed' | 'pitch', min: number, max: number) => {
    const value = field(name)
    return typeof value === 'number' && value >= min && value <= max ? value : emptyDraft[name]
  }
  const format = field('format')
  return {
    text: text('text'),
    title: text('title'),
    voiceId: id('voiceId'),
    format: isAudioFormat(format) ? format : emptyDraft.format,
    speed: number('speed', 0.25, 4),
    pitch: number('pitch', -12, 12),
    settings: restoreSettings(field('settings')),
    seed: seed(field('seed')),
    normalize: field('normalize') === true,
    fallback: restoreFallback(field('fallback')),
    generationId: id('generationId'),
  }
}

const seed = (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= longestSeed ? value : null

function restoreFallback(stored: unknown): Draft['fallback'] {
  if (stored === 'wait') return stored
  if (typeof stored !== 'object' || stored === null) return null
  const { id, engine, language }: Record<string, unknown> = { ...stored }
  return typeof id === 'string' && typeof engine === 'string' && typeof language === 'string'
    ? { id, engine, language }
    : null
}

/** Whether a voice takes them is asked when it speaks. */
function restoreSettings(stored: unknown): MoreSettings {
  if (typeof stored !== 'object' || stored === null) return {}
  const settings: Record<string, unknown> = { ...stored }
  const numbers = numberSettings.flatMap(({ name }) => {
    const value = settings[name]
    return typeof value === 'number' ? [[name, value] as const] : []
  })
  const { language } = settings
  return { ...Object.fromEntries(numbers), ...(typeof language === 'string' && { language }) }
}

let current: { accountId: string; store: DraftStore } | undefined

/** The one draft of this tab and account. */
export function draftStore(accountId: string): DraftStore {
  if (current?.accountId !== accountId) {
    const store = createDraftStore(accountId, sessionStorage)
    window.addEventListener('pagehide', store.flush)
    current = { accountId, store }
  }
  return current.store
}

/** Takes every draft off this tab: after a log-out the next person must not find them. */
export function forgetDrafts(): void {
  current = undefined
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(keyPrefix)) sessionStorage.removeItem(key)
}

export function useDraft(accountId: string): [Draft, DraftStore['update']] {
  const store = draftStore(accountId)
  return [useSyncExternalStore(store.subscribe, store.get), store.update]
}
