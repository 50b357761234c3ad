/** What stands around a file that is sent as a part of a form. */
export interface Form {
  readonly contentType: string
  readonly head: Uint8Array<ArrayBuffer>
  readonly tail: Uint8Array<ArrayBuffer>
}

/**
 * Writes `multipart/form-data` (RFC 7578) with its file last, as HTML says it is written. `FormData` does so only with a
 * file that is whole, and leaves nameless ones called “blob”.
 *
 * @param fields those that are not given are no part of it.
 * @param fileName a file without one has no name in the form.
 */
export function writeForm(
  fields: Readonly<Record<string, string | undefined>>,
  fileName: string | undefined,
  boundary: string,
): Form {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`],
  )
  const named = fileName === undefined ? '' : `; filename="${fileName.replace(/["\r\n]/g, encodeURIComponent)}"`
  const file = `--${boundary}\r\ncontent-disposition: form-data; name="file"${named}\r\ncontent-type: application/octet-stream\r\n\r\n`
  const encoder = new TextEncoder()
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    head: encoder.encode(given.join('') + file),
    tail: encoder.encode(`\r\n--${boundary}--\r\n`),
  }
}
