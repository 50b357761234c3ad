/**
 * The body of a response as one of Node's own streams, for what takes no other. It needs no memory beyond what is on its way,
 * and ends the download when it is destroyed.
 *
 * @param Readable Node's own. It is given and not imported, so that the client has nothing of Node in it.
 * @throws {TypeError} the response has no body (any more).
 * @example
 * ```ts
 * const speech = await loqui.speak({ text: 'Hello.', voiceId, format: 'wav' })
 * await pipeline(toNodeStream(speech, Readable), createWriteStream('hello.wav'))
 * ```
 */
export function toNodeStream<Stream>(response: Response, Readable: { fromWeb(body: never): Stream }): Stream {
  if (!response.body || response.bodyUsed) throw new TypeError('This response has no body to read, or not any more.')
  // Node and browsers have the same streams, and types of them that do not know each other.
  return Readable.fromWeb(response.body as never)
}
