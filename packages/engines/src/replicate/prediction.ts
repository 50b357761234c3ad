import { z } from 'zod'

const time = z.iso.datetime({ offset: true }).transform((value) => new Date(value))

/** What is read of a prediction. What comes from outside is believed no further than this. */
export const predictionSchema = z.object({
  id: z.string().regex(/^[\w-]+$/),
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted']),
  model: z.string().nullish(),
  version: z.string().nullish(),
  input: z.record(z.string(), z.unknown()).nullish(),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  data_removed: z.boolean().nullish(),
  created_at: time,
  started_at: time.nullish(),
})

export type Prediction = z.output<typeof predictionSchema>

export const pageSchema = z.object({ next: z.string().nullish(), results: z.array(predictionSchema) })

export const fileSchema = z.object({
  id: z.string(),
  expires_at: time.nullish(),
  urls: z.object({ get: z.url() }),
})

export type UploadedFile = z.output<typeof fileSchema>

export const secretSchema = z.object({ key: z.string().regex(/^whsec_./) })

export const isEnded = ({ status }: Prediction) => status !== 'starting' && status !== 'processing'

/** Whether it is charged: what succeeded, and what was canceled while it ran. */
export const isCharged = ({ status, started_at }: Prediction) =>
  status === 'succeeded' || (status === 'canceled' && started_at != null)

/** Whether what it made can still be had. */
export const isAvailable = ({ status, data_removed, output }: Prediction) =>
  status === 'succeeded' && data_removed !== true && output != null
