// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createDraftStore, draftStore, emptyDraft, forgetDrafts } from './draft.ts'

const account = 'usr_1'

beforeEach(() => {
  sessionStorage.clear()
  forgetDrafts()
})

describe('a draft', () => {
  test('is empty at first', () => {
    expect(createDraftStore(account, sessionStorage).get()).toEqual(emptyDraft)
  })

  test('survives a reload once it is flushed', () => {
    const before = createDraftStore(account, sessionStorage)
    before.update({ text: 'Hello', speed: 1.25, format: 'flac' })
    before.flush()
    expect(createDraftStore(account, sessionStorage).get()).toEqual({
      ...emptyDraft,
      text: 'Hello',
      speed: 1.25,
      format: 'flac',
    })
  })

  test('remembers a fallback, and forgets what is none', () => {
    const restored = (fallback: unknown) =>
      createDraftStore(account, { getItem: () => JSON.stringify({ fallback }), setItem: () => undefined }).get()
        .fallback
    const voice = { id: 'voi_1', engine: 'offline', language: 'en-US' }
    expect(restored({ ...voice, more: 1 })).toEqual(voice)
    expect(restored('wait')).toBe('wait')
    for (const none of [null, 'voi_1', { id: 'voi_1' }, 7]) expect(restored(none)).toBeNull()
  })

  test('is written once for many letters, soon after the first', () => {
    vi.useFakeTimers()
    try {
      const setItem = vi.fn()
      const store = createDraftStore(account, { getItem: () => null, setItem })
      for (const text of ['H', 'He', 'Hel']) store.update({ text })
      expect(setItem).not.toHaveBeenCalled()
      vi.advanceTimersByTime(250)
      expect(setItem.mock.calls.map(([, value]) => JSON.parse(value).text)).toEqual(['Hel'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('stays in the page when storage is full', () => {
    const store = createDraftStore(account, {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError')
      },
    })
    store.update({ text: 'kept' })
    store.flush()
    expect(store.get().text).toBe('kept')
  })

  test('of another account is not seen', () => {
    const mine = createDraftStore('usr_1', sessionStorage)
    mine.update({ text: 'mine' })
    mine.flush()
    expect(createDraftStore('usr_2', sessionStorage).get().text).toBe('')
  })

  test('is gone after a log-out', () => {
    const store = draftStore(account)
    store.update({ text: 'secret' })
    store.flush()
    forgetDrafts()
    expect(draftStore(account).get().text).toBe('')
  })

  test.each([
    ['not JSON', '{'],
    ['not an object', '"text"'],
    ['null', 'null'],
    ['wrong types', JSON.stringify({ text: 1, title: null, voiceId: 3, format: 'midi', speed: 9, pitch: 'low' })],
    ['a name from Object', JSON.stringify({ format: 'toString' })],
  ])('that was stored as %s begins empty', (_, stored) => {
    sessionStorage.setItem(`loqui.draft.${account}`, stored)
    expect(createDraftStore(account, sessionStorage).get()).toEqual(emptyDraft)
  })

  test('tells its listeners, until they leave', () => {
    const store = createDraftStore(account, sessionStorage)
    const listener = vi.fn()
    const leave = store.subscribe(listener)
    store.update({ text: 'a' })
    leave()
    store.update({ text: 'b' })
    expect(listener).toHaveBeenCalledTimes(1)
  })
})
