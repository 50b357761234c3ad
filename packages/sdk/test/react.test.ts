// @vitest-environment happy-dom
import { startLoqui } from '@loqui/server/testing'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { act, configure, render, renderHook, waitFor } from '@testing-library/react'
import { createElement, type ReactNode } from 'react'
import { expect, test } from 'vitest'
import { type Generation, Loqui } from '../src/index.ts'
import { LoquiProvider, useGeneration, useLoqui, useSpeak, useTRPC } from '../src/react.ts'

// A machine that is busy with other tests gets the time it needs.
configure({ asyncUtilTimeout: 15_000 })

const server = await startLoqui({ env: { ALLOWED_ORIGINS: location.origin } })
const { key } = await server.user()
const loqui = new Loqui({ baseUrl: server.url, apiKey: key })
const { items } = await loqui.voices.list()
const [voice] = items
if (!voice) throw new Error('the server has no voices')

function wrapper({ children }: { readonly children: ReactNode }) {
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  return createElement(
    QueryClientProvider,
    { client: queryClient },
    createElement(LoquiProvider, { loqui, queryClient, children }),
  )
}

test('useTRPC asks the server that the provider knows', async () => {
  const { result } = renderHook(() => useQuery(useTRPC().voices.list.queryOptions()), { wrapper })
  await waitFor(() => expect(result.current.data?.items).toEqual(items))
})

test('useGeneration shows a generation grow until it has ended, and never go back', async () => {
  const text = Array.from({ length: 16 }, (_, i) => `This is sentence number ${i + 1}.`).join(' ')
  const { id } = await loqui.generations.create({ text, voiceId: voice.id })
  const shown: Generation[] = []
  renderHook(
    () => {
      const { data } = useGeneration(id)
      if (data && data !== shown.at(-1)) shown.push(data)
    },
    { wrapper },
  )
  await waitFor(() => expect(shown.at(-1)).toMatchObject({ state: 'succeeded', finishedAt: expect.any(String) }))
  const done = shown.map(({ segments }) => segments.done)
  expect(new Set(done).size).toBeGreaterThan(2)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  expect(shown.at(-1)).toEqual(await loqui.generations.get(id))
})

test('useGeneration without an id asks for nothing', () => {
  const { result } = renderHook(() => useGeneration(null), { wrapper })
  expect(result.current.fetchStatus).toBe('idle')
})

const longText = Array.from({ length: 200 }, (_, i) => `This is sentence number ${i + 1}.`).join(' ')

test('useSpeak speaks, shows how far it is, and has an address to hear it at', async () => {
  const { result, unmount } = renderHook(() => useSpeak(), { wrapper })
  expect(result.current).toMatchObject({ isSpeaking: false, progress: null, spoken: null, error: null })
  act(() => result.current.speak({ text: 'Hello.', voiceId: voice.id, format: 'wav' }))
  await waitFor(() => expect(result.current.isSpeaking).toBe(true))
  await waitFor(() => expect(result.current.spoken).not.toBeNull())
  const { spoken, progress, isSpeaking } = result.current
  expect({ isSpeaking, state: progress?.state }).toEqual({ isSpeaking: false, state: 'succeeded' })
  expect(spoken?.generation.state).toBe('succeeded')
  expect(spoken?.audio.type).toBe('audio/wav')
  expect(spoken?.url).toMatch(/^blob:/)
  act(() => result.current.stop())
  await waitFor(() => expect(result.current.spoken).toBeNull())
  unmount()
})

test.each(['another text', 'stop', 'leaving'])('what useSpeak speaks is canceled by %s', async (how) => {
  const { result, unmount } = renderHook(() => useSpeak(), { wrapper })
  act(() => result.current.speak({ text: longText, voiceId: voice.id }))
  await waitFor(() => expect(result.current.progress).not.toBeNull())
  const id = String(result.current.progress?.id)
  if (how === 'another text') act(() => result.current.speak({ text: 'Hello.', voiceId: voice.id }))
  else if (how === 'stop') act(() => result.current.stop())
  else unmount()
  await waitFor(async () =>
    expect(await loqui.generations.status(id)).toMatchObject({ state: 'canceled', chargedMs: 0 }),
  )
  if (how === 'another text') {
    await waitFor(() => expect(result.current.spoken).not.toBeNull())
    expect(result.current.error).toBeNull()
  }
  unmount()
})

test('useSpeak says what went wrong', async () => {
  const { result } = renderHook(() => useSpeak(), { wrapper })
  act(() => result.current.speak({ text: ' ', voiceId: voice.id }))
  await waitFor(() => expect(result.current.error?.reason).toBe('text_empty'))
})

function Lost() {
  useLoqui()
  return null
}

test('a hook without its provider says so', () => {
  expect(() => render(createElement(Lost))).toThrow('<LoquiProvider>')
})
