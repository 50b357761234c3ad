import { z } from 'zod'

const schema = z.object({ PORT: z.coerce.number().int().min(0).max(65_535).default(0), TOKEN: z.string().optional() })

/** Where a fake that is a process of its own listens, and the only token it takes. */
export function readEnv(): { readonly port: number; readonly token?: string } {
  const { PORT, TOKEN } = schema.parse(process.env)
  return { port: PORT, ...(TOKEN === undefined ? {} : { token: TOKEN }) }
}
