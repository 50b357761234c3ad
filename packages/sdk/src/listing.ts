import type { Page } from './api.d.ts'

/** Which page. */
export interface PageInput {
  /** The `nextCursor` of the page before; without it, the first page. */
  readonly cursor?: string | null | undefined
  /** Items on a page, 1 to 100. Default 20. */
  readonly limit?: number | undefined
}

/**
 * A listing that fetches its pages as they are needed. Loop over it for all items; await it, or call `page()`, for one page.
 *
 * @example
 * ```ts
 * for await (const voice of loqui.voices.list({ language: 'en' })) console.log(voice.name)
 *
 * const { items, nextCursor } = await loqui.generations.list({ limit: 50 })
 * const next = await loqui.generations.list().page({ cursor: nextCursor, limit: 50 })
 * ```
 */
export class Listing<Item> implements AsyncIterable<Item>, PromiseLike<Page<Item>> {
  readonly #fetch: (page: PageInput) => Promise<Page<Item>>

  /** @internal */
  constructor(fetch: (page: PageInput) => Promise<Page<Item>>) {
    this.#fetch = fetch
  }

  /** Fetches one page: the first, or the one after `cursor`. */
  page(page: PageInput = {}): Promise<Page<Item>> {
    return this.#fetch(page)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    let cursor: string | null | undefined
    do {
      const page = await this.#fetch({ cursor })
      yield* page.items
      cursor = page.nextCursor
    } while (cursor !== null)
  }

  // biome-ignore lint/suspicious/noThenProperty: `await loqui.voices.list()` is what a reader tries first, and gives a page.
  then<Value = Page<Item>, Otherwise = never>(
    onPage?: ((page: Page<Item>) => Value | PromiseLike<Value>) | null,
    onError?: ((error: unknown) => Otherwise | PromiseLike<Otherwise>) | null,
  ): Promise<Value | Otherwise> {
    return this.page().then(onPage, onError)
  }
}
