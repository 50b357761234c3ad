import { z } from 'zod'
import { type FakeModel, models } from './models.ts'
import type { NewPrediction } from './predictions.ts'
import { invalid, noSuchVersion, notFound } from './problem.ts'

const events = z.enum(['start', 'output', 'logs', 'completed'])

const body = z.object({
  input: z.record(z.string(), z.unknown()),
  version: z.string().optional(),
  webhook: z.url({ protocol: /^https$/, error: 'must be an https URL' }).optional(),
  webhook_events_filter: z.array(events).default([...events.options]),
})

/**
 * Reads what is to be created.
 *
 * @param name the model in the path, `owner/name`; undefined where the body names a version.
 * @param cancelAfter the header: a number with `s`, `m` or `h`.
 * @throws {Problem} 404, 422.
 */
export function readCreate(json: unknown, name: string | undefined, cancelAfter: string | undefined): NewPrediction {
  const parsed = body.safeParse(json)
  if (!parsed.success) throw invalid(fieldsOf(parsed.error))
  const { input, version, webhook, webhook_events_filter } = parsed.data
  const model = name === undefined ? byVersion(version) : byName(name)
  const checked = model.input.safeParse(input)
  if (!checked.success) throw invalid(fieldsOf(checked.error, 'input.'))
  return {
    model,
    by: name === undefined ? 'version' : 'model',
    version: version ?? model.versions[0] ?? '',
    input,
    webhook,
    events: webhook_events_filter,
    cancelAfterMs: cancelAfter === undefined ? null : milliseconds(cancelAfter),
  }
}

function byName(name: string): FakeModel {
  const model = models.find(({ id, official }) => official && id === name)
  if (!model) throw notFound()
  return model
}

/** A version alone, or behind the name of its model. */
function byVersion(version: string | undefined): FakeModel {
  if (version === undefined) throw invalid([{ field: 'version', description: 'version is required' }])
  const id = version.slice(version.lastIndexOf(':') + 1)
  const model = models.find(({ versions }) => versions.includes(id))
  if (!model) throw noSuchVersion()
  return model
}

function milliseconds(header: string): number {
  const [, count, unit = ''] = /^(\d+)([smh])$/.exec(header) ?? []
  const seconds = { s: 1, m: 60, h: 3600 }[unit]
  if (count === undefined || seconds === undefined) {
    throw invalid([{ field: 'Cancel-After', description: 'must be a duration such as 30s or 5m' }])
  }
  return Number(count) * seconds * 1000
}

function fieldsOf(error: z.ZodError, prefix = '') {
  return error.issues.map((issue) => ({
    field: `${prefix}${issue.path.join('.')}`.replace(/\.$/, ''),
    description: issue.message,
  }))
}
