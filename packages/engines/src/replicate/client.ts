import Replicate from 'replicate'
import type { z } from 'zod'
import { ReplicateFailure } from './failure.ts'
import {
  fileSchema,
  type Prediction,
  pageSchema,
  predictionSchema,
  secretSchema,
  type UploadedFile,
} from './prediction.ts'
import type { Timing } from './timing.ts'
import { createTransport } from './transport.ts'

export interface ClientOptions {
  readonly token: string
  /** With `/v1`. Default: Replicate's own. */
  readonly baseUrl?: string | undefined
  readonly timing: Timing
}

export const usualBaseUrl = 'https://api.replicate.com/v1'

/** What a model is called by: official ones by their name, the others by a version. */
export type ModelAddress = { readonly model: string } | { readonly version: string }

/**
 * Replicate's API as Loqui uses it: the `replicate` package with what is wrong in it kept off. Every call sends one
 * request and never another, has a budget of time, and rejects with a `ReplicateFailure` or the signal's reason.
 */
export interface ReplicateClient {
  /** It is not aborted half-way, since nobody would know then what came of it. @param webhook an https address. */
  create(address: ModelAddress, input: Readonly<Record<string, unknown>>, webhook: string | null): Promise<Prediction>
  /** @returns null when there is none. */
  get(id: string, signal: AbortSignal): Promise<Prediction | null>
  /** @returns how it stands then, null when there is none. */
  cancel(id: string, signal: AbortSignal): Promise<Prediction | null>
  /** Newest first, page by page. */
  list(signal: AbortSignal): AsyncIterable<readonly Prediction[]>
  upload(file: File): Promise<UploadedFile>
  webhookSecret(): Promise<string>
  close(): Promise<void>
}

const never = new AbortController().signal

export function createClient({ token, baseUrl = usualBaseUrl, timing }: ClientOptions): ReplicateClient {
  const transport = createTransport({ connectMs: timing.connect })
  const replicate = new Replicate({ auth: token, baseUrl, fetch: transport.fetch, useFileOutput: false })

  async function call<Schema extends z.ZodType>(
    schema: Schema,
    ask: (signal: AbortSignal) => Promise<unknown>,
    { budget, signal }: { readonly budget: number; readonly signal: AbortSignal },
  ): Promise<z.output<Schema>> {
    signal.throwIfAborted()
    try {
      return schema.parse(await ask(AbortSignal.any([signal, AbortSignal.timeout(budget)])))
    } catch (cause) {
      signal.throwIfAborted()
      const response = cause instanceof Error && 'response' in cause ? cause.response : undefined
      const failure = transport.failureBehind(response)
      if (failure) throw failure
      // An answer that cannot be read is no answer.
      throw new ReplicateFailure('Replicate answered what is no answer.', { kind: 'lost', cause })
    }
  }

  const orNull = async (asked: Promise<Prediction>) => {
    try {
      return await asked
    } catch (error) {
      if (error instanceof ReplicateFailure && error.status === 404) return null
      throw error
    }
  }

  return {
    create: (address, input, webhook) =>
      call(
        predictionSchema,
        (signal) =>
          replicate.predictions.create({
            ...address,
            input,
            ...(webhook === null ? {} : { webhook, webhook_events_filter: ['completed'] }),
            signal,
          }),
        { budget: timing.create, signal: never },
      ),
    get: (id, signal) =>
      orNull(
        call(predictionSchema, (either) => replicate.predictions.get(id, { signal: either }), {
          budget: timing.ask,
          signal,
        }),
      ),
    cancel: (id, signal) =>
      orNull(
        call(predictionSchema, (either) => replicate.predictions.cancel(id, { signal: either }), {
          budget: timing.ask,
          signal,
        }),
      ),
    async *list(signal) {
      for (let params: Record<string, string> | undefined = {}; params; ) {
        const asked = params
        const page: z.output<typeof pageSchema> = await call(
          pageSchema,
          async (either) =>
            (await replicate.request('/predictions', { method: 'GET', params: asked, signal: either })).json(),
          { budget: timing.ask, signal },
        )
        yield page.results
        // The token goes to our base address only, wherever the next page is said to be: of its address the query is taken.
        params = page.next ? Object.fromEntries(new URL(page.next, baseUrl).searchParams) : undefined
      }
    },
    upload: (file) =>
      call(fileSchema, (signal) => replicate.files.create(file, {}, { signal }), {
        budget: timing.upload,
        signal: never,
      }),
    webhookSecret: async () =>
      (
        await call(secretSchema, (late) => replicate.webhooks.default.secret.get({ signal: late }), {
          budget: timing.ask,
          signal: never,
        })
      ).key,
    close: () => transport.close(),
  }
}
