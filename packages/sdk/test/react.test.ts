// @vitest-environment happy-dom
import { startLoqui } from '@loqui/server/testing'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { render, renderHook, waitFor } from '@testing-library/react'
import { createElement, type ReactNode } from 'react'
import { expect, test } from 'vitest'
import { type Generation, Loqui } from '../src/index.ts'
import { LoquiProvider, useGeneration, useLoqui, useTRPC } from '../src/react.ts'

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
  const text = Array.from({ length: 40 }, (_, i) => `This is sentence number ${i + 1}.`).join(' ')
  const { id } = await loqui.generations.create({ text, voiceId: voice.id })
  const shown: Generation[] = []
  renderHook(
    () => {
      const { data } = useGeneration(id)
      if (data && data !== shown.at(-1)) shown.push(data)
    },
    { wrapper },
  )
  await waitFor(() => expect(shown.at(-1)).toMatchObject({ state: 'succeeded', finishedAt: expect.any(String) }), {
    timeout: 15_000,
  })
  const done = shown.map(({ segments }) => segments.done)
  expect(new Set(done).size).toBeGreaterThan(2)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  expect(shown.at(-1)).toEqual(await loqui.generations.get(id))
})

test('useGeneration without an id asks for nothing', () => {
  const { result } = renderHook(() => useGeneration(null), { wrapper })
  expect(result.current.fetchStatus).toBe('idle')
})

function Lost() {
  useLoqui()
  return null
}

test('a hook without its provider says so', () => {
  expect(() => render(createElement(Lost))).toThrow('<LoquiProvider>')
})
