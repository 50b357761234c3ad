import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Answer, Body } from './exchange.ts'
import { faultSchema } from './faults.ts'
import type { FakeReplicate } from './server.ts'

const paceSchema = z.strictObject({
  startMs: z.number().min(0).optional(),
  runMs: z.number().min(0).optional(),
  listedAfterMs: z.number().min(0).optional(),
})
const settingsSchema = z.strictObject({
  pace: paceSchema.optional(),
  credit: z.enum(['plenty', 'low']).optional(),
  webhooksTo: z.url().nullish(),
})

/**
 * The switches and records over HTTP, below `/_control`, for tests in other processes:
 *
 * - `POST faults` with a switch or several, `DELETE faults`
 * - `POST clock` with `{ advanceMs }`
 * - `POST outage` with `{ forMs }`: answered before it begins
 * - `PATCH settings` with `{ pace?, credit?, webhooksTo? }`
 * - `GET requests`, `GET predictions` (with what each cost), `GET webhooks`
 *
 * @returns undefined for any other path.
 */
export async function answerControl(
  fake: FakeReplicate,
  { method, url, body }: { method: string; url: URL; body: Body },
): Promise<Answer | undefined> {
  const [, path] = /^\/_control\/(\w+)$/.exec(url.pathname) ?? []
  if (path === undefined) return undefined
  try {
    return { status: 200, body: (await act(fake, `${method} ${path}`, body.json)) ?? {} }
  } catch (error) {
    if (error instanceof z.ZodError) return { status: 400, body: { issues: error.issues } }
    throw error
  }
}

async function act(fake: FakeReplicate, asked: string, json: unknown): Promise<unknown> {
  switch (asked) {
    case 'POST faults':
      return fake.fail(...z.array(faultSchema).parse(Array.isArray(json) ? json : [json]))
    case 'DELETE faults':
      return fake.heal()
    case 'POST clock':
      return fake.clock.advance(z.object({ advanceMs: z.number().min(0) }).parse(json).advanceMs)
    case 'POST outage':
      void outage(fake, z.object({ forMs: z.number().min(0) }).parse(json).forMs)
      return {}
    case 'PATCH settings': {
      const { pace, credit, webhooksTo } = settingsSchema.parse(json)
      Object.assign(fake.pace, pace)
      if (credit !== undefined) fake.limits.credit = credit
      if (webhooksTo !== undefined) fake.webhooks.sendTo = webhooksTo
      return {}
    }
    case 'GET requests':
      return fake.requests
    case 'GET predictions':
      return fake.predictions.map(({ model, ...prediction }) => ({ ...prediction, model: model.id }))
    case 'GET webhooks':
      return fake.webhooks.deliveries
    default:
      return { problem: `there is no ${asked}` }
  }
}

async function outage(fake: FakeReplicate, forMs: number): Promise<void> {
  // The one who asked is to be answered.
  await sleep(50)
  await fake.goDown()
  await sleep(forMs)
  await fake.comeBack()
}
