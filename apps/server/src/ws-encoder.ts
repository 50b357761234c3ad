import { sharedText } from '@loqui/api/shared'
import { type Encoder, jsonEncoder } from '@trpc/server/adapters/ws'

/** JSON in text frames, of which the part that is the same for many is written once. */
export const encoder: Encoder = {
  encode: (message) => encodeShared(message as Message) ?? jsonEncoder.encode(message),
  decode: jsonEncoder.decode,
}

/** A message that tells of an item of a subscription, as far as it is looked at. */
interface Message {
  readonly id?: unknown
  readonly jsonrpc?: unknown
  readonly result?: {
    readonly id?: unknown
    readonly data?: { readonly json?: { readonly data?: unknown } }
  }
}

function encodeShared({ id, jsonrpc, result }: Message): string | undefined {
  const text = result && sharedText(result.data?.json?.data)
  if (text === undefined || jsonrpc !== undefined || (typeof id !== 'number' && typeof id !== 'string'))
    return undefined
  const event = JSON.stringify(result?.id)
  return `{"id":${JSON.stringify(id)},"result":{"type":"data","data":{"json":{"id":${event},"data":${text}}},"id":${event}}}`
}
