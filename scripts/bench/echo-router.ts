import { publicProcedure, router } from '@loqui/api/trpc'
import { z } from 'zod'

/** What is sent and sent back: about as much as a call that creates something. */
export const echoInput = z.strictObject({
  text: z.string().max(1_000),
  voiceId: z.string(),
  format: z.enum(['mp3', 'wav']).default('mp3'),
  settings: z.strictObject({ speed: z.number().min(0.25).max(4).optional() }).default({}),
})

/** A call as Loqui's are, that asks the database for nothing. */
export const appRouter = router({ echo: publicProcedure.input(echoInput).mutation(({ input }) => input) })
