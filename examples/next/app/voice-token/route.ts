import { Loqui } from '@loqui/sdk'

/** Here you would ask who it is: whoever gets a token speaks at your cost. */
export async function POST(): Promise<Response> {
  const loqui = new Loqui({ baseUrl: process.env.LOQUI_URL, apiKey: process.env.LOQUI_API_KEY })
  const { token } = await loqui.tokens.create({ scopes: ['generations:write', 'generations:read', 'voices:read'] })
  return new Response(token)
}
