/** What is posted, and as whom. */
interface Post {
  readonly body: Blob
  readonly headers: Headers
  readonly credentials: 'include' | 'omit'
  readonly signal: AbortSignal
}

/**
 * Posts by what browsers had before `fetch`, because it tells how much of a body has been sent.
 *
 * @param onSent told how many bytes have gone, in all.
 * @throws {TypeError} when no answer came, as `fetch` does; the signal's reason.
 */
export async function postByXhr(
  xhr: XMLHttpRequest,
  url: URL,
  { body, headers, credentials, signal }: Post,
  onSent: (bytes: number) => void,
): Promise<Response> {
  signal.throwIfAborted()
  const abort = () => xhr.abort()
  signal.addEventListener('abort', abort)
  try {
    return await new Promise((resolve, reject) => {
      xhr.upload.onprogress = ({ loaded }) => onSent(loaded)
      xhr.onload = () => resolve(new Response(xhr.response, { status: xhr.status, headers: readHeaders(xhr) }))
      xhr.onerror = () => reject(new TypeError('the connection failed'))
      xhr.onabort = () => reject(signal.reason)
      xhr.open('POST', url)
      xhr.responseType = 'blob'
      xhr.withCredentials = credentials === 'include'
      for (const [name, value] of headers) xhr.setRequestHeader(name, value)
      xhr.send(body)
    })
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function readHeaders(xhr: XMLHttpRequest): Headers {
  const headers = new Headers()
  for (const line of xhr
    .getAllResponseHeaders()
    .trim()
    .split(/[\r\n]+/)) {
    const [name = '', ...value] = line.split(':')
    if (name !== '') headers.append(name, value.join(':').trim())
  }
  return headers
}
