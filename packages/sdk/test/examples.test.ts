import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '@loqui/db/embedded-port'
import { startLoqui } from '@loqui/server/testing'
import { rolldown } from 'rolldown'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { launchBrowser } from '../../../scripts/e2e/browser.ts'
import { signWebhook } from '../src/webhooks.ts'
import { installPacked } from './consumer.ts'

const port = await freePort()
const nextPort = await freePort()
const [origin, nextOrigin] = [port, nextPort].map((each) => `http://127.0.0.1:${each}`) as [string, string]
const server = await startLoqui({ env: { ALLOWED_ORIGINS: `${origin},${nextOrigin}` } })
const { key } = await server.user()
const env = { PATH: process.env.PATH, LOQUI_URL: server.url, LOQUI_API_KEY: key, PORT: String(port) }
const consumer = await installPacked()
afterAll(() => consumer[Symbol.asyncDispose]())
await cp(path.join(import.meta.dirname, '../../../examples'), path.join(consumer.directory, 'examples'), {
  recursive: true,
})
const here = (name: string) => path.join(consumer.directory, 'examples', name)

test('all of them compile', { timeout: 60_000 }, async () => {
  const files = [
    'node/speak.ts',
    'next/app/page.tsx',
    'next/app/providers.tsx',
    'next/app/speak.tsx',
    'next/app/voice-token/route.ts',
    'webhook-worker/worker.ts',
  ].map((name) => `examples/${name}`)
  const options = {
    types: ['node'],
    jsx: 'react-jsx',
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
  }
  expect(await consumer.typecheck(files, options)).toBe('')
})

test('the script makes an audio file with subtitles', async () => {
  await writeFile(path.join(consumer.directory, 'chapter.txt'), 'It was night. Nobody spoke.')
  const { stdout } = await promisify(execFile)(process.execPath, [here('node/speak.ts'), 'chapter.txt'], {
    cwd: consumer.directory,
    env,
  })
  expect(stdout).toMatch(/^chapter\.mp3: \d+(\.\d+)? s by \w+\n$/)
  expect((await readFile(path.join(consumer.directory, 'chapter.mp3'))).subarray(0, 3).toString()).toBe('ID3')
  expect(await readFile(path.join(consumer.directory, 'chapter.srt'), 'utf8')).toContain('-->')
})

test('the page without a bundler speaks by a token that its server gave it', { timeout: 60_000 }, async () => {
  const child = spawn(process.execPath, [here('browser/server.js')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill())
  await once(child.stdout, 'data')
  const browser = await launchBrowser()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(origin)
  await page.waitForFunction(() => document.querySelectorAll('option').length > 0)
  await page.click('button')
  await page.waitForFunction(() => (document.querySelector('audio')?.duration ?? 0) > 1)
  expect(errors).toEqual([])
  expect(await page.textContent('[role=status]')).toBe('')
})

test('the route of the React example gives a token that speaks', async () => {
  const program = `
    import { POST } from ${JSON.stringify(here('next/app/voice-token/route.ts'))}
    console.log(await (await POST()).text())`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module-typescript', '--eval', program],
    {
      cwd: consumer.directory,
      env,
    },
  )
  const answer = await fetch(`${server.url}/trpc/voices.list`, {
    headers: { authorization: `Bearer ${stdout.trim()}` },
  })
  expect(answer.status).toBe(200)
})

test('the React example is rendered on the server, comes to life in the browser and speaks', {
  timeout: 60_000,
}, async () => {
  vi.stubEnv('LOQUI_URL', server.url)
  vi.stubEnv('LOQUI_API_KEY', key)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { POST } = await import(here('next/app/voice-token/route.ts'))
  await consumer.write({
    'next-server.tsx': `
      import { renderToString } from 'react-dom/server'
      import Page from './examples/next/app/page'
      export const html = renderToString(<Page />)`,
    'next-browser.tsx': `
      import { hydrateRoot } from 'react-dom/client'
      import Page from './examples/next/app/page'
      hydrateRoot(document.getElementById('root')!, <Page />)`,
  })
  const code = await bundle('next-browser.tsx', 'browser')
  await writeFile(path.join(consumer.directory, 'next-server.mjs'), await bundle('next-server.tsx', 'node'))
  const { html } = await import(path.join(consumer.directory, 'next-server.mjs'))
  const web = createServer(async ({ method, url }, res) => {
    if (method === 'POST' && url === '/voice-token') res.end(await (await POST()).text())
    else if (url === '/page.js') res.setHeader('content-type', 'text/javascript').end(code)
    else {
      res.setHeader('content-type', 'text/html; charset=utf-8')
      res.end(`<!doctype html><div id="root">${html}</div><script type="module" src="/page.js"></script>`)
    }
  })
  web.listen(nextPort, '127.0.0.1')
  await once(web, 'listening')
  onTestFinished(() => void web.close())
  const browser = await launchBrowser()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  // React says so there when what it finds is not what the server has rendered.
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto(nextOrigin)
  await page.waitForFunction(() => document.querySelectorAll('option').length > 1)
  await page.selectOption('select', { label: 'Angus' })
  await page.fill('textarea', 'Good evening, and welcome.')
  await page.click('text=Speak')
  await page.waitForFunction(() => (document.querySelector('audio')?.duration ?? 0) > 1)
  expect(await page.textContent('button')).toBe('Speak')
  expect(await page.locator('[role=alert]').count()).toBe(0)
  expect(errors).toEqual([])
})

/** As a framework builds what it renders on the server and in the browser. */
async function bundle(name: string, platform: 'browser' | 'node'): Promise<string> {
  const built = await rolldown({
    input: path.join(consumer.directory, name),
    platform,
    transform: {
      jsx: 'react-jsx',
      define: { 'process.env.LOQUI_URL': JSON.stringify(server.url), 'process.env.NODE_ENV': '"development"' },
    },
    onLog: (level, { message }) => {
      if (level === 'warn' && !message.includes('use client')) throw new Error(message)
    },
  })
  const { output } = await built.generate({ format: 'es', codeSplitting: false })
  await built.close()
  return output[0].code
}

test('the worker does what it was sent once, and nothing of what is forged', async () => {
  const { default: worker } = await import(here('webhook-worker/worker.ts'))
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const seen = new Map<string, string>()
  const published: string[] = []
  const bound = {
    LOQUI_WEBHOOK_SECRET: secret,
    SEEN: {
      get: async (id: string) => seen.get(id) ?? null,
      put: async (id: string, value: string) => void seen.set(id, value),
    },
    publish: async (id: string) => void published.push(id),
  }
  const body = JSON.stringify({
    type: 'generation.succeeded',
    timestamp: new Date().toISOString(),
    data: { id: 'gen_1' },
  })
  const headers = { ...(await signWebhook({ id: 'msg_1', body }, secret)) }
  const send = async (given: string): Promise<number> => {
    const request = new Request('http://localhost/', { method: 'POST', body: given, headers })
    return (await worker.fetch(request, bound)).status
  }
  expect([await send(body), await send(body), await send(`${body} `)]).toEqual([204, 204, 400])
  expect(published).toEqual(['gen_1'])
})
