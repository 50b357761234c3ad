import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Credentials, signatureFault } from './signature.ts'

/** An S3 on loopback, with a bucket `audio` in it, that can be made to fail. */
export interface S3Server {
  readonly endpoint: string
  /** What STORAGE_URL says of a folder in its bucket. */
  url(prefix?: string): string
  /** What it was asked, as `PUT /audio/key?query`, since this was emptied. */
  readonly asked: string[]
  /** Answers a request in its stead when it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null
  /** Changes an answer on its way, in place of passing it on. */
  tamper: ((answer: IncomingMessage, response: ServerResponse) => boolean) | null
  /** Uploads in parts that are neither completed nor aborted. */
  unfinished(): Promise<{ readonly key: string; readonly uploadId: string }[]>
  /** Makes the unfinished uploads older. */
  age(hours: number): Promise<void>
  /** Ends it as SIGKILL does, with everything that is under way; its objects stay. */
  kill(): Promise<void>
  /** Starts it again at the same address. */
  start(): Promise<void>
  close(): Promise<void>
}

/** Of a list: fewer than are asked for, as S3 may, so that not a thousand are needed to see what comes after them. */
const LISTED_AT_ONCE = 50

/** Whose requests it takes. */
export const credentials: Credentials = {
  accessKeyId: 'AKIDTEST',
  secretAccessKey: 'secret+of/the=tests',
  sessionToken: 'token-of-the-session',
}

/** With these it takes the requests of a process, whatever is configured on this machine. */
export const variables: Readonly<NodeJS.ProcessEnv> = {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PROFILE: undefined,
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_ENDPOINT_URL: undefined,
  AWS_ENDPOINT_URL_S3: undefined,
}

/**
 * Starts one: the objects are those of fauxqs, in a process of its own that can be killed. Before it stands a server of
 * ours, for what fauxqs leaves out (signatures, the list of unfinished uploads, checksums that were not announced, headers
 * that a link asks for) and for what it does not do on request: fail.
 */
export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'loqui-s3-'))
  let store: { child: ChildProcess; port: number } | undefined
  const asked: string[] = []

  const startStore = async (): Promise<void> => {
    const child = fork(join(import.meta.dirname, 'fauxqs.child.ts'), [directory], {
      env: {},
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const [{ port }] = await once(child, 'message')
    store = { child, port }
  }
  const killStore = async (): Promise<void> => {
    if (!store) return
    const { child } = store
    store = undefined
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  const uploads = async () => {
    const names = await readdir(join(directory, '_multipart')).catch(() => [])
    const found = await Promise.all(
      names.map(async (name) => {
        const file = join(directory, '_multipart', name, '.upload.json')
        // Ended meanwhile.
        const text = await readFile(file, 'utf8').catch(() => null)
        return text === null ? [] : { file, upload: JSON.parse(text) }
      }),
    )
    return found.flat()
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(`${request.method} ${request.url}`)
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    if (server.intercept?.(request, response)) return
    const fault = signatureFault(request, credentials)
    if (fault !== null) return refuse(response, 403, fault)
    const url = new URL(request.url ?? '/', 'http://s3')
    if (request.method === 'GET' && url.searchParams.has('uploads')) {
      const prefix = url.searchParams.get('prefix') ?? ''
      const found = (await uploads()).filter(({ upload }) => upload.key.startsWith(prefix))
      response.setHeader('content-type', 'application/xml')
      response.end(uploadsXml(found.map(({ upload }) => upload)))
      return
    }
    // Our uploads in parts are begun without saying that parts will have one.
    if (url.searchParams.has('partNumber') && 'x-amz-checksum-crc32' in request.headers) {
      return refuse(response, 400, 'InvalidRequest')
    }
    if (!store) return void response.destroy()
    if (url.searchParams.has('list-type')) url.searchParams.set('max-keys', String(LISTED_AT_ONCE))
    const path = url.pathname + url.search
    const onwards = httpRequest(
      { port: store.port, method: request.method, path, headers: request.headers },
      (answer) => {
        answer.on('error', () => response.destroy())
        if (server.tamper?.(answer, response)) return
        const { statusCode = 502, headers } = answer
        response.writeHead(statusCode, statusCode < 300 ? { ...headers, ...askedHeaders(url) } : headers)
        answer.pipe(response)
      },
    )
    onwards.on('error', () => response.destroy())
    response.on('close', () => onwards.destroy())
    request.pipe(onwards)
  }

  const front = createServer((request, response) => void answer(request, response))
  await startStore()
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  const { port } = front.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`

  const server: S3Server = {
    endpoint,
    url: (prefix = '') => `s3://audio/${prefix}?endpoint=${encodeURIComponent(endpoint)}`,
    asked,
    intercept: null,
    tamper: null,
    async unfinished() {
      return (await uploads()).map(({ upload: { key, uploadId } }) => ({ key, uploadId }))
    },
    async age(hours) {
      for (const { file, upload } of await uploads()) {
        const initiated = new Date(Date.parse(upload.initiated) - hours * 3_600_000).toISOString()
        await writeFile(file, JSON.stringify({ ...upload, initiated }))
      }
    },
    async kill() {
      front.close()
      front.closeAllConnections()
      await killStore()
    },
    async start() {
      await startStore()
      front.listen(port, '127.0.0.1')
      await once(front, 'listening')
    },
    async close() {
      front.close()
      front.closeAllConnections()
      await killStore()
      await rm(directory, { recursive: true, force: true })
    },
  }
  return server
}

/** Answers as S3 does when it refuses, repeating what it was sent as S3 does, too. */
export function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code} of ${credentials.accessKeyId}</Message><AWSAccessKeyId>${credentials.accessKeyId}</AWSAccessKeyId><CanonicalRequest>x-amz-security-token:${credentials.sessionToken}</CanonicalRequest></Error>`,
  )
}

/** The headers that a link asks an object to be answered with. */
function askedHeaders({ searchParams }: URL): Record<string, string> {
  return Object.fromEntries(
    ['content-type', 'content-disposition'].flatMap((name) => {
      const value = searchParams.get(`response-${name}`)
      return value === null ? [] : [[name, value]]
    }),
  )
}

function uploadsXml(uploads: readonly { key: string; uploadId: string; initiated: string }[]): string {
  const items = uploads.map(
    ({ key, uploadId, initiated }) =>
      `<Upload><Key>${key}</Key><UploadId>${uploadId}</UploadId><Initiated>${initiated}</Initiated></Upload>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?><ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${items.join('')}</ListMultipartUploadsResult>`
}
