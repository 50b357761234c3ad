import { expect, test, vi } from 'vitest'
import { ConnectionError } from './errors.ts'
import { events, type Observer } from './events.ts'

interface Event {
  readonly id: string
}

/** A subscription whose server is the test. */
function subscription(signal?: AbortSignal) {
  const unsubscribe = vi.fn()
  const observers: Observer<Event>[] = []
  const iterator = events<Event>((given) => {
    observers.push(given)
    return { unsubscribe }
  }, signal)
  const observer = () => {
    const [first] = observers
    if (!first) throw new Error('nobody has subscribed')
    return first
  }
  const send = (id: string) => observer().onData({ id, data: { id } })
  return { iterator, observer, send, unsubscribe }
}

test('events come in order, those of before the loop asked included', async () => {
  const { iterator, send, observer } = subscription()
  const first = iterator.next()
  for (const id of ['1', '2', '3']) send(id)
  observer().onComplete()
  expect((await first).value).toEqual({ id: '1' })
  expect(await Array.fromAsync(iterator)).toEqual([{ id: '2' }, { id: '3' }])
})

test('an event that comes again over a new connection is told once', async () => {
  const { iterator, send, observer } = subscription()
  const first = iterator.next()
  for (const id of ['9', '10', '9', '10', '11']) send(id)
  observer().onComplete()
  await first
  expect((await Array.fromAsync(iterator)).map(({ id }) => id)).toEqual(['10', '11'])
})

test('leaving the loop unsubscribes', async () => {
  const { iterator, send, unsubscribe } = subscription()
  const first = iterator.next()
  send('1')
  await first
  expect(unsubscribe).not.toHaveBeenCalled()
  await iterator.return()
  expect(unsubscribe).toHaveBeenCalledOnce()
})

test('an abort ends a waiting loop at once, with the reason of the signal', async () => {
  const abort = new AbortController()
  const { iterator, send, unsubscribe } = subscription(abort.signal)
  const first = iterator.next()
  send('1')
  send('2')
  await first
  abort.abort('enough')
  await expect(iterator.next()).rejects.toBe('enough')
  expect(unsubscribe).toHaveBeenCalledOnce()
})

test('an error comes after the events that came before it', async () => {
  const { iterator, send, observer } = subscription()
  const first = iterator.next()
  send('1')
  observer().onError(new TypeError('broken'))
  expect((await first).value).toEqual({ id: '1' })
  await expect(iterator.next()).rejects.toBeInstanceOf(ConnectionError)
})

test('a minute without a connection ends it, a shorter one does not', async () => {
  vi.useFakeTimers()
  try {
    const { iterator, observer } = subscription()
    const first = iterator.next()
    first.catch(() => undefined)
    observer().onConnectionStateChange({ state: 'connecting' })
    await vi.advanceTimersByTimeAsync(59_000)
    observer().onConnectionStateChange({ state: 'pending' })
    await vi.advanceTimersByTimeAsync(120_000)
    observer().onConnectionStateChange({ state: 'connecting' })
    observer().onConnectionStateChange({ state: 'connecting' })
    await vi.advanceTimersByTimeAsync(60_000)
    await expect(first).rejects.toMatchObject({ reason: 'connection_failed' })
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
