import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { storageContract } from '../contract.ts'
import { createStorage } from '../create.ts'
import type { Storage } from '../storage.ts'
import { heldStream } from '../testing/held-stream.ts'
import { credentials, refuse, startS3Server, variables } from '../testing/s3-server.ts'
import { parseS3Address } from './address.ts'
import { createS3Storage } from './s3.ts'

const server = await startS3Server()
afterAll(() => server.close())

let folders = 0
const newPrefix = () => `test-${++folders}`
const open = (prefix = newPrefix()) => createStorage(server.url(prefix))
/** One that waits for a silent S3 as long as a test wants to. */
const openImpatient = (prefix = newPrefix()) =>
  createS3Storage(parseS3Address(server.url(prefix)), { patienceMs: 500, onWarning: () => undefined })

const keysOf = async (storage: Storage) => (await Array.fromAsync(storage.list(''), ({ key }) => key)).sort()

/** What a person reads of an error, in a log, too. */
const everything = (error: unknown) =>
  JSON.stringify([String(error), error, Object(error).cause, String(Object(error).cause), Object(error).stack])

async function failure(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  for (const secret of Object.values(credentials)) expect(everything(error)).not.toContain(secret)
  return error
}

beforeEach(() => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  server.intercept = null
  server.tamper = null
  server.asked.length = 0
})

storageContract('S3', () => open())

describe('at its start', () => {
  test('tries all that it needs and leaves nothing of that', async () => {
    const storage = await open()
    expect(server.asked.map((asked) => asked.split(' ')[0])).toEqual(['GET', 'PUT', 'GET', 'DELETE', 'GET', 'PUT'])
    expect(await keysOf(storage)).toEqual([])
  })

  test('says that there is no such bucket', async () => {
    const url = server.url().replace('//audio/', '//audia/')
    expect(await failure(createStorage(url))).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /^STORAGE_URL .*cannot list the bucket audia at 127.0.0.1:\d+ \(404 NoSuchBucket\): make it/,
      ),
    })
  })

  test.each([
    ['AWS_ACCESS_KEY_ID', 'AKIDOTHER', 'InvalidAccessKeyId'],
    ['AWS_SECRET_ACCESS_KEY', 'another', 'SignatureDoesNotMatch'],
    ['AWS_SESSION_TOKEN', 'another', 'InvalidToken'],
  ])('says that %s is wrong', async (name, value, code) => {
    vi.stubEnv(name, value)
    const error = await failure(open())
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringMatching(`403 ${code}.*${name}`) })
    expect(everything(error)).not.toContain(value)
  })

  test.each(['list', 'write to', 'read from', 'remove from'])('says that it may not %s the bucket', async (verb) => {
    const method = { list: 'GET /audio?', 'write to': 'PUT', 'read from': 'GET /audio/', 'remove from': 'DELETE' }[
      verb
    ]!
    server.intercept = ({ method: asked, url }, response) => {
      const found = `${asked} ${url?.replace('/audio/?', '/audio?')}`.startsWith(method)
      if (found) refuse(response, 403, 'AccessDenied')
      return found
    }
    expect(await failure(open())).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(`^STORAGE_URL .*cannot ${verb} the bucket audio .*AccessDenied.*allow`),
    })
  })

  test('leaves nothing of what it may write and not read', async () => {
    server.intercept = ({ method, url }, response) => {
      const found = method === 'GET' && url?.includes('.check-') === true
      if (found) refuse(response, 403, 'AccessDenied')
      return found
    }
    await failure(open())
    expect(server.asked.map((asked) => asked.split(' ')[0])).toEqual(['GET', 'PUT', 'GET', 'DELETE'])
  })

  test('says that nobody answers', async () => {
    const url = server.url().replace(encodeURIComponent(server.endpoint), 'http://127.0.0.1:1')
    expect(await failure(createStorage(url))).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching('127.0.0.1:1 .*ECONNREFUSED'),
    })
  })

  test('finds endpoint and region in the variables of AWS', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', server.endpoint)
    vi.stubEnv('AWS_DEFAULT_REGION', 'eu-central-1')
    const storage = await createStorage(`s3://audio/${newPrefix()}`)
    const link = await storage.link('a', {
      expiresInSeconds: 60,
      contentType: 'audio/wav',
      contentDisposition: 'inline',
    })
    expect(link).toContain('eu-central-1')
  })

  test.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'])('says that %s is no address', async (name) => {
    for (const value of ['localhost:9000', 'http://someone:hunter2@127.0.0.1:9000']) {
      vi.stubEnv(name, value)
      const error = await failure(createStorage('s3://audio'))
      expect(String(error)).toMatch(`TypeError: ${name} must be an http or https address`)
      expect(everything(error)).not.toContain(value)
    }
  })

  test('says that nobody has given it credentials', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    expect(await failure(open())).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^STORAGE_URL .*CredentialsProviderError\): set AWS_ACCESS_KEY_ID and/),
    })
  })
})

describe('the rule of the bucket for unfinished uploads', () => {
  test('is made where it is not, and others stay, and what they count from', async () => {
    const bodies: string[] = []
    let transition: unknown
    server.intercept = (request, response) => {
      if (!request.url?.includes('lifecycle')) return false
      if (request.method === 'GET') {
        response.setHeader('x-amz-transition-default-minimum-object-size', 'varies_by_storage_class')
        response.end(
          '<LifecycleConfiguration><Rule><ID>theirs</ID><Status>Enabled</Status><Filter><Prefix>x/</Prefix></Filter><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>',
        )
      } else {
        transition = request.headers['x-amz-transition-default-minimum-object-size']
        void buffer(request).then((body) => response.end(void bodies.push(body.toString())))
      }
      return true
    }
    await open('mine')
    expect(bodies).toHaveLength(1)
    expect(bodies[0]).toMatch('<ID>theirs</ID>')
    expect(bodies[0]).toMatch('<DaysAfterInitiation>1</DaysAfterInitiation>')
    expect(bodies[0]).toMatch('<Prefix>mine/</Prefix>')
    expect(transition).toBe('varies_by_storage_class')
  })

  test('is left as it is where it is', async () => {
    await open('twice')
    server.asked.length = 0
    await open('twice')
    expect(server.asked.filter((asked) => asked.includes('lifecycle')).map((asked) => asked.slice(0, 3))).toEqual([
      'GET',
    ])
  })

  test('is warned of where it may not be made', async () => {
    server.intercept = (request, response) => {
      const found = request.url?.includes('lifecycle') ?? false
      if (found) refuse(response, 403, 'AccessDenied')
      return found
    }
    const warnings: string[] = []
    await createStorage(server.url(newPrefix()), { onWarning: (message) => void warnings.push(message) })
    expect(warnings).toEqual([expect.stringMatching(/audio .*AccessDenied.*s3:PutLifecycleConfiguration/)])
  })
})

describe('a link', () => {
  const options = {
    expiresInSeconds: 60,
    contentType: 'audio/wav',
    contentDisposition: `attachment; filename*=UTF-8''a%20b.wav`,
  }

  test('gives the object to who has nothing else, under the type and the name that were asked for', async () => {
    const storage = await open()
    const bytes = randomBytes(1_000)
    await storage.put('a/b.wav', bytes)
    server.asked.length = 0
    const link = await storage.link('a/b.wav', options)
    expect(server.asked).toEqual([])
    expect(new URL(link!).searchParams.get('response-content-disposition')).toBe(options.contentDisposition)
    expect(new URL(link!).searchParams.get('response-content-type')).toBe('audio/wav')
    const answer = await fetch(link!)
    expect(answer.headers.get('content-type')).toBe('audio/wav')
    expect(answer.headers.get('content-disposition')).toBe(options.contentDisposition)
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
    expect((await fetch(`${link}0`)).status).toBe(403)
    expect((await fetch(link!.replace('b.wav', 'c.wav'))).status).toBe(403)
  })

  test('dies with its object', async () => {
    const storage = await open()
    await storage.put('a', Buffer.from('x'))
    const link = await storage.link('a', options)
    await storage.remove(['a'])
    expect((await fetch(link!)).status).toBe(404)
  })
})

describe('an object in parts', () => {
  test('of 30 MiB arrives whole, in the parts it needs', async () => {
    const storage = await open()
    const bytes = randomBytes(30 * 1024 * 1024 + 1)
    server.asked.length = 0
    await storage.put(
      'large',
      Readable.from(Array.from({ length: 31 }, (_, i) => bytes.subarray(i << 20, (i + 1) << 20))),
    )
    expect(server.asked.filter((asked) => asked.includes('partNumber'))).toHaveLength(7)
    expect((await buffer(await storage.read('large'))).equals(bytes)).toBe(true)
    expect(await server.unfinished()).toEqual([])
  })

  test('leaves no part behind when its stream fails', async () => {
    const storage = await open()
    const body = Readable.from(
      (async function* () {
        yield randomBytes(11_000_000)
        throw new Error('half way')
      })(),
    )
    await expect(storage.put('a', body)).rejects.toThrow('half way')
    expect(await server.unfinished()).toEqual([])
    expect(await keysOf(storage)).toEqual([])
  })

  test('leaves no part behind when it is aborted, at whatever request', async () => {
    const storage = await open()
    for (const at of ['uploads', 'partNumber=1', 'partNumber=2']) {
      const abort = new AbortController()
      const reason = new Error('the person closed the page')
      const body = new Readable({ read() {} })
      server.intercept = ({ url }) => {
        if (url?.includes(at)) abort.abort(reason)
        return false
      }
      body.push(randomBytes(11_000_000))
      await expect(storage.put('a', body, { signal: abort.signal })).rejects.toBe(reason)
      expect(body.destroyed).toBe(true)
      expect(await server.unfinished()).toEqual([])
    }
    expect(await keysOf(storage)).toEqual([])
  })

  test('ends as soon as a part cannot be sent, though its stream is silent', async () => {
    const storage = await open()
    server.intercept = ({ method, url }, response) => {
      if (method !== 'PUT' || !url?.includes('partNumber')) return false
      refuse(response, 507, 'XMinioStorageFull')
      return true
    }
    const body = new Readable({ read() {} })
    body.push(randomBytes(6_000_000))
    expect(await failure(storage.put('a', body))).toMatchObject({ code: 'full' })
    expect(body.destroyed).toBe(true)
    expect(await server.unfinished()).toEqual([])
  })

  test('ends as unavailable when S3 falls silent over a part', async () => {
    const storage = await openImpatient()
    server.intercept = ({ url }) => url?.includes('partNumber=2') ?? false
    expect(await failure(storage.put('a', randomBytes(11_000_000)))).toMatchObject({ code: 'unavailable' })
    expect(await server.unfinished()).toEqual([])
    expect(await keysOf(storage)).toEqual([])
  })

  test('is read from its stream as fast as S3 takes it, and two parts ahead at most', async () => {
    const storage = await open()
    const twoParts = 2 * 5 * 1024 * 1024
    const chunk = randomBytes(100_000)
    let given = 0
    const full = Promise.withResolvers<void>()
    async function* chunks() {
      while (given < 40_000_000) {
        given += chunk.length
        if (given >= twoParts) full.resolve()
        yield chunk
      }
    }
    const taken = Promise.withResolvers<void>()
    server.tamper = (answer, response) => {
      if (!response.req.url?.includes('partNumber=1&')) return false
      void taken.promise.then(() => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)))
      return true
    }
    const putting = storage.put('large', Readable.from(chunks()))
    await full.promise
    // Much could have been read in the time that this takes.
    await storage.put('small', Readable.from([chunk]))
    expect(given).toBeLessThanOrEqual(twoParts + 2 * chunk.length)
    taken.resolve()
    expect(await putting).toMatchObject({ bytes: 40_000_000 })
  })

  test('says under its signature what it sends', async () => {
    const storage = await open()
    const parts: { hash: unknown; bytes: Promise<Buffer> }[] = []
    server.intercept = (request) => {
      if (request.url?.includes('partNumber')) {
        parts.push({ hash: request.headers['x-amz-content-sha256'], bytes: buffer(request) })
      }
      return false
    }
    await storage.put('a', randomBytes(6_000_000))
    expect(parts).toHaveLength(2)
    for (const { hash, bytes } of parts) {
      expect(hash).toBe(
        createHash('sha256')
          .update(await bytes)
          .digest('hex'),
      )
    }
  })

  test('waits for its turn when many large ones are written, and gives up waiting when it is aborted', async () => {
    const storage = await open()
    const streams = Array.from({ length: 6 }, () => heldStream(randomBytes(2_000_000), randomBytes(1)))
    const putting = streams.map(({ body }, index) => storage.put(`a/${index}`, body))
    await Promise.all(streams.map(({ taken }) => taken))
    const abort = new AbortController()
    const seventh = storage.put('b', randomBytes(2_000_000), { signal: abort.signal })
    const eighth = storage.put('c', randomBytes(2_000_000))
    const small = await storage.put('d', randomBytes(1_000_000))
    expect(small.bytes).toBe(1_000_000)
    expect(await keysOf(storage)).toEqual(['d'])
    abort.abort(new Error('enough'))
    await expect(seventh).rejects.toThrow('enough')
    for (const { end } of streams) end()
    await Promise.all([...putting, eighth])
    expect(await keysOf(storage)).toEqual(['a/0', 'a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'c', 'd'])
  })

  test('that was left unfinished is swept after a day, and not before', async () => {
    const prefix = newPrefix()
    const storage = await open(prefix)
    const body = new Readable({ read() {} })
    const abort = new AbortController()
    // Killed: nothing that would clear it away gets through.
    server.intercept = ({ method }, response) => method === 'DELETE' && Boolean(response.destroy())
    body.push(randomBytes(6_000_000))
    const putting = storage.put('left', body, { signal: abort.signal }).catch(() => undefined)
    await vi.waitFor(() => expect(server.asked.some((asked) => asked.includes('partNumber=1'))).toBe(true))
    abort.abort()
    await putting
    server.intercept = null
    expect(await server.unfinished()).toHaveLength(1)
    expect(await storage.sweepUnfinished()).toBe(0)
    await server.age(25)
    expect(await (await open(`${prefix}-other`)).sweepUnfinished()).toBe(0)
    expect(await storage.sweepUnfinished()).toBe(1)
    expect(await server.unfinished()).toEqual([])
  })
})

test('asks for the next thousand of a list when they are wanted', async () => {
  const storage = await open()
  server.asked.length = 0
  server.intercept = ({ url = '/' }, response) => {
    const more = !url.includes('continuation-token')
    const next = more ? '<NextContinuationToken>next</NextContinuationToken>' : ''
    const prefix = new URL(url, server.endpoint).searchParams.get('prefix')
    response.end(
      `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}<Contents><Key>${prefix}${more ? 'a' : 'b'}</Key><Size>1</Size><LastModified>2026-11-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>`,
    )
    return true
  }
  const listing = storage.list('')[Symbol.asyncIterator]()
  expect(await listing.next()).toMatchObject({ value: { key: 'a' } })
  expect(server.asked).toHaveLength(1)
  expect(await listing.next()).toMatchObject({ value: { key: 'b' } })
  expect(server.asked).toHaveLength(2)
})

test('sweeps all of a long list of unfinished uploads', async () => {
  const storage = await open()
  server.intercept = ({ method, url }, response) => {
    if (method === 'DELETE') response.writeHead(204).end()
    else {
      const more = !url?.includes('upload-id-marker=1')
      const next = more ? '<NextKeyMarker>a</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>' : ''
      response.end(
        `<ListMultipartUploadsResult><IsTruncated>${more}</IsTruncated>${next}<Upload><Key>a</Key><UploadId>${more ? 1 : 2}</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>`,
      )
    }
    return true
  }
  server.asked.length = 0
  expect(await storage.sweepUnfinished()).toBe(2)
  const aborted = server.asked.filter((asked) => asked.startsWith('DELETE'))
  expect(aborted).toEqual([expect.stringContaining('uploadId=1'), expect.stringContaining('uploadId=2')])
})

describe('when S3', () => {
  const operations: [string, (storage: Storage) => Promise<unknown>][] = [
    ['put', (storage) => storage.put('a', Buffer.from('x'))],
    ['put of a large one', (storage) => storage.put('a', Buffer.alloc(6_000_000))],
    ['read', (storage) => storage.read('a')],
    ['size', (storage) => storage.size('a')],
    ['remove', (storage) => storage.remove(['a'])],
    ['list', (storage) => Array.fromAsync(storage.list(''))],
    ['sweepUnfinished', (storage) => storage.sweepUnfinished()],
  ]
  /** How all that can be asked for ends, asked for at the same time. */
  const failures = (storage: Storage) =>
    Promise.all(operations.map(async ([name, operation]) => [name, await failure(operation(storage))] as const))

  test.each([
    ['forbids', 403, 'AccessDenied'],
    ['has lost the bucket', 404, 'NoSuchBucket'],
    ['is broken', 500, 'InternalError'],
    ['is overloaded', 503, 'SlowDown'],
  ])('%s, all ends as unavailable', async (_, status, code) => {
    const storage = await open()
    server.intercept = (_, response) => {
      refuse(response, status, code)
      return true
    }
    for (const [name, error] of await failures(storage)) {
      expect(error, name).toMatchObject({ name: 'StorageError', code: 'unavailable' })
      expect(String(error), name).toContain(String(status))
    }
  })

  test('says nothing, all ends as unavailable', async () => {
    const storage = await openImpatient()
    server.intercept = () => true
    for (const [name, error] of await failures(storage)) expect(error, name).toMatchObject({ code: 'unavailable' })
  })

  test('answers with what is no XML, all ends as unavailable', async () => {
    const storage = await open()
    server.intercept = (_, response) => {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad gateway<p>secret')
      return true
    }
    for (const [name, error] of await failures(storage)) expect(error, name).toMatchObject({ code: 'unavailable' })
  })

  test.each([
    [507, 'InsufficientStorage'],
    [403, 'QuotaExceeded'],
    [400, 'XMinioAdminBucketQuotaExceeded'],
  ])('is full (%d %s), it says so', async (status, code) => {
    const storage = await open()
    server.intercept = (_, response) => {
      refuse(response, status, code)
      return true
    }
    expect(await failure(storage.put('a', Buffer.from('x')))).toMatchObject({ code: 'full' })
  })

  test.each([500, 503])('answers %d once, it is asked again', async (status) => {
    const storage = await open()
    let refused = 0
    server.intercept = ({ method }, response) => {
      if (method !== 'PUT' || refused++ > 0) return false
      refuse(response, status, status === 503 ? 'SlowDown' : 'InternalError')
      return true
    }
    expect(await storage.put('a', Buffer.from('x'))).toMatchObject({ bytes: 1 })
    expect(refused).toBe(2)
  })

  test('may not remove one of many, that is not kept quiet', async () => {
    const storage = await open()
    server.intercept = ({ method }, response) => {
      if (method !== 'POST') return false
      response.end('<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>')
      return true
    }
    expect(await failure(storage.remove(['a', 'b']))).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('AccessDenied'),
    })
  })

  describe('sends an object', () => {
    const bytes = randomBytes(300_000)
    const reading = async (how: (write: (chunk: Uint8Array) => void, end: () => void, cut: () => void) => void) => {
      const storage = await openImpatient()
      await storage.put('a', bytes)
      server.tamper = (answer, response) => {
        response.writeHead(answer.statusCode ?? 200, answer.headers)
        answer.resume()
        how(
          (chunk) => void response.write(chunk),
          () => void response.end(),
          () => void response.destroy(),
        )
        return true
      }
      return storage.read('a')
    }

    test('and breaks off, reading it ends as unavailable', async () => {
      const stream = await reading((write, _, cut) => {
        write(bytes.subarray(0, 100_000))
        setImmediate(cut)
      })
      expect(await failure(buffer(stream))).toMatchObject({ code: 'unavailable' })
    })

    test('and breaks off before anybody listens, that ends no process, and who reads it is told', async () => {
      const cutting = Promise.withResolvers<() => void>()
      const stream = await reading((write, _, cut) => {
        write(bytes.subarray(0, 10))
        cutting.resolve(cut)
      })
      const closed = new Promise((resolve) => stream.once('close', resolve))
      stream.read(0)
      const cut = await cutting.promise
      cut()
      await closed
      expect(await failure(buffer(stream))).toMatchObject({ code: 'unavailable' })
    })

    test('and falls silent, reading it ends as unavailable', async () => {
      const stream = await reading((write) => write(bytes.subarray(0, 100_000)))
      expect(await failure(buffer(stream))).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('stopped'),
      })
    })

    test('drop by drop, reading it ends as unavailable', async () => {
      let dripping: NodeJS.Timeout | undefined
      const stream = await reading((write) => {
        dripping = setInterval(() => write(bytes.subarray(0, 1)), 20)
      })
      expect(await failure(buffer(stream))).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('stopped'),
      })
      clearInterval(dripping)
    })

    test('to one who reads slowly, that is not its fault', async () => {
      const storage = await openImpatient()
      const large = randomBytes(3_000_000)
      await storage.put('a', large)
      const stream = await storage.read('a')
      await once(stream, 'readable')
      const begun = stream.read(1_000)
      // As long as S3 may be silent, and longer: that is how long it takes to give up one that is.
      server.tamper = (answer, response) => {
        response.writeHead(200, answer.headers).flushHeaders()
        return true
      }
      for (let times = 0; times < 2; times++) {
        expect(await failure(buffer(await storage.read('a')))).toMatchObject({ code: 'unavailable' })
      }
      const whole = Buffer.concat([begun, await buffer(stream)])
      expect(whole.equals(large)).toBe(true)
    })
  })

  test('is killed while an object is read, that ends as unavailable, and reading again succeeds when it is back', async () => {
    const storage = await open()
    const bytes = randomBytes(5_000_000)
    await storage.put('a', bytes)
    const stream = await storage.read('a')
    await once(stream, 'readable')
    await server.kill()
    expect(await failure(buffer(stream))).toMatchObject({ code: 'unavailable' })
    expect(await failure(storage.read('a'))).toMatchObject({ code: 'unavailable' })
    await server.start()
    expect((await buffer(await storage.read('a'))).equals(bytes)).toBe(true)
  })

  test('is killed while an object is written, that ends as unavailable, and writing again succeeds when it is back', async () => {
    const storage = await open()
    const bytes = randomBytes(16_000_000)
    server.intercept = ({ url }) => {
      if (url?.includes('partNumber=2')) void server.kill()
      return false
    }
    expect(await failure(storage.put('a', Readable.from([bytes])))).toMatchObject({ code: 'unavailable' })
    server.intercept = null
    await server.start()
    expect(await storage.size('a')).toBeNull()
    expect(await storage.put('a', Readable.from([bytes]))).toMatchObject({ bytes: 16_000_000 })
    expect((await buffer(await storage.read('a'))).equals(bytes)).toBe(true)
  })
})
