import { expect, test, vi } from 'vitest'
import { Listing, type PageInput } from './listing.ts'

const pages: Record<string, { items: number[]; nextCursor: string | null }> = {
  first: { items: [1, 2], nextCursor: 'b' },
  b: { items: [], nextCursor: 'c' },
  c: { items: [3], nextCursor: null },
}

function listing() {
  const fetch = vi.fn(async ({ cursor }: PageInput) => pages[cursor ?? 'first']!)
  return { listing: new Listing(fetch), fetch }
}

test('a loop sees every item of every page', async () => {
  const { listing: numbers, fetch } = listing()
  expect(await Array.fromAsync(numbers)).toEqual([1, 2, 3])
  expect(fetch).toHaveBeenCalledTimes(3)
})

test('a loop that is left fetches no further page', async () => {
  const { listing: numbers, fetch } = listing()
  for await (const number of numbers) if (number === 2) break
  expect(fetch).toHaveBeenCalledTimes(1)
})

test('awaiting it gives the first page, and page() any', async () => {
  const { listing: numbers, fetch } = listing()
  expect(await numbers).toEqual(pages.first)
  expect(await numbers.page({ cursor: 'c', limit: 5 })).toEqual(pages.c)
  expect(fetch).toHaveBeenLastCalledWith({ cursor: 'c', limit: 5 })
})

test('nothing is fetched before it is asked for', () => {
  expect(listing().fetch).not.toHaveBeenCalled()
})
