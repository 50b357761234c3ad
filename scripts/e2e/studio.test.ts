import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeAudio } from '@loqui/audio/testing'
import { eventually, startLoqui } from '@loqui/server/testing'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { launchBrowser } from './browser.ts'

const loqui = await startLoqui({ env: { WORKER_CONCURRENCY: '2' } })

const screens = [
  { name: 'a desk', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'a phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const

const chapter = await readFile(new URL('../../packages/core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')
/** Some segments, of about two minutes. */
const text = chapter.slice(0, 2_000)

describe.each(screens)('on $name', ({ viewport, colorScheme }) => {
  test('a person registers, writes, generates, sees it arrive, hears, downloads and leaves', async () => {
    await using browser = await launchBrowser()
    const context = await browser.newContext({ viewport, colorScheme, acceptDownloads: true })
    const page = await context.newPage()
    const complaints = listen(page)
    await register(page)

    const seen = await watchSegments(page)
    await page.getByRole('textbox', { name: 'Text' }).fill(text)
    await page.getByText(/^About 1 min( \d+ s)?, then 8 min( \d+ s)? left$/).waitFor()
    await page.getByRole('button', { name: /^Generate/ }).click()
    await eventually(
      () =>
        loqui.db.selectFrom('generation').select(['state', 'segments_done']).orderBy('id', 'desc').executeTakeFirst(),
      60_000,
    ).toMatchObject({ state: 'succeeded' })
    const audio = page.locator('audio')
    await audio.waitFor({ state: 'attached' })
    // It is played before it ends, and saved only then.
    const download = page
      .getByRole('link', { name: /^Download/ })
      .or(page.getByRole('button', { name: /^Download/ }))
      .first()
    await download.waitFor()
    const { values, total } = await seen()
    expect(total).toBeGreaterThan(5)
    expect(values.length, `segments seen to arrive: ${values}`).toBeGreaterThan(2)
    expect(values).toEqual(values.toSorted((one, other) => one - other))

    await page.getByRole('button', { name: 'Play', exact: true }).first().click()
    const played = await audio.evaluate(listenTo)
    expect(played).toEqual({ error: undefined, paused: false, duration: expect.any(Number) })

    const downloading = page.waitForEvent('download')
    await download.click()
    const file = await (await downloading).path()
    const { durationMs } = await decodeAudio(await readFile(file), 'mp3')
    expect(Math.abs(durationMs - played.duration * 1000)).toBeLessThan(100)
    expect(durationMs).toBeGreaterThan(60_000)

    for (const path of ['/generations', '/keys', '/usage', '/nowhere']) {
      await page.goto(loqui.url + path)
      await page.getByRole('heading').first().waitFor()
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
        path,
      ).toBeLessThanOrEqual(0)
    }

    await page.goto(`${loqui.url}/usage`)
    const chart = page.getByRole('slider', { name: 'Audio by day' })
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/^\w{3} \d+: \d min( \d+ s)?, 1 generation$/)
    await chart.press('ArrowLeft')
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/: 0 s, 0 generations$/)

    await page.goto(loqui.url)
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(complaints()).toEqual([])
  }, 120_000)
})

test('the studio is one page under every path of it, and its files may be kept for ever', async () => {
  const html = { headers: { accept: 'text/html' } }
  const page = await fetch(loqui.url, html)
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('cache-control')).toBe('no-cache')
  const body = await page.text()
  expect(await (await fetch(`${loqui.url}/generations/gen_1`, html)).text()).toBe(body)
  const [script] = /\/assets\/[\w.-]+\.js/.exec(body) ?? []
  const file = await fetch(loqui.url + script)
  expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
})

test('who is quicker than the list of voices is heard all the same', async () => {
  await using browser = await launchBrowser()
  const page = await browser.newPage()
  const { promise: clicked, resolve: onClick } = Promise.withResolvers<void>()
  await page.route(/voices\.list/, async (route) => {
    await clicked
    await route.continue()
  })
  await register(page)
  await page.getByRole('textbox', { name: 'Text' }).fill('I could not wait for the voices.')
  await page.getByRole('button', { name: /^Generate/ }).click()
  onClick()
  await page.locator('audio').waitFor({ state: 'attached', timeout: 60_000 })
}, 90_000)

test('every format that a page can play is played by one', async () => {
  await using browser = await launchBrowser()
  const page = await browser.newPage()
  const complaints = listen(page)
  await register(page)
  await page.getByRole('textbox', { name: 'Text' }).fill('One sentence is enough for this, if it is not too short.')
  await page.getByRole('button', { name: /^Generate/ }).click()
  await page.locator('audio').waitFor({ state: 'attached', timeout: 60_000 })
  const { id } = await loqui.db.selectFrom('generation').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow()
  for (const format of ['mp3', 'wav', 'opus', 'flac']) {
    const audio = await page.evaluateHandle(async (source) => {
      const element = new Audio(source)
      document.body.append(element)
      await element.play()
      return element
    }, `/api/v1/generations/gen_${id}/audio?format=${format}`)
    expect(await audio.evaluate(listenTo), format).toMatchObject({ error: undefined, paused: false })
  }
  expect(complaints()).toEqual([])
}, 120_000)

test('a page of another origin, even one that the cookie is sent from, can neither call nor listen', async () => {
  // Another port is another origin of the same site, so that SameSite does not help.
  const neighbour = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>Hi'))
  neighbour.listen(0, '127.0.0.1')
  await once(neighbour, 'listening')
  await using browser = await launchBrowser()
  const page = await browser.newPage()
  await register(page)
  await page.goto(`http://127.0.0.1:${(neighbour.address() as AddressInfo).port}/`)

  const attacks = await page.evaluate(async (target) => {
    const call = (init: RequestInit, path = 'auth.logout') =>
      fetch(`${target}/trpc/${path}`, { credentials: 'include', method: 'POST', ...init }).then(
        (response) => `${response.type} ${response.status}`,
        (error: Error) => error.name,
      )
    const form = new FormData()
    form.set('json', '{}')
    const socket = new Promise((resolve) => {
      const opening = new WebSocket(`${target.replace('http', 'ws')}/trpc`)
      opening.onopen = () => resolve('open')
      opening.onerror = () => resolve('refused')
    })
    const embedded = new Promise((resolve) => {
      const frame = document.createElement('iframe')
      frame.src = `${target}/`
      frame.onload = () => resolve(frame.contentDocument === null ? 'nothing to reach' : 'reached')
      document.body.append(frame)
    })
    return {
      asText: await call({ mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: '{}' }),
      asForm: await call({ mode: 'no-cors', body: form }),
      asJson: await call({ headers: { 'content-type': 'application/json' }, body: '{}' }),
      read: await call({ method: 'GET' }, 'auth.me'),
      socket: await socket,
      embedded: await embedded,
    }
  }, loqui.url)
  expect(attacks).toEqual({
    asText: 'TypeError',
    asForm: 'TypeError',
    asJson: 'TypeError',
    read: 'TypeError',
    socket: 'refused',
    embedded: 'nothing to reach',
  })
  // A form needs no script, and takes the person along.
  const answered = page.waitForResponse(/auth\.logout/)
  await page.evaluate((target) => {
    document.body.innerHTML = `<form method="post" enctype="multipart/form-data" action="${target}/trpc/auth.logout"></form>`
    document.forms[0]?.submit()
  }, loqui.url)
  expect((await answered).status()).toBe(403)
  await page.waitForURL(/auth\.logout/)

  await page.goto(loqui.url)
  await page.getByRole('button', { name: /^Account/ }).waitFor()
  neighbour.close()
}, 60_000)

async function register(page: Page): Promise<void> {
  await page.goto(`${loqui.url}/register`)
  await page.getByLabel('E-mail').fill(`${crypto.randomUUID()}@example.com`)
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery staple')
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('textbox', { name: 'Text' }).waitFor()
}

/** Notes how many segments the page says there are, whenever it says something else. */
async function watchSegments(page: Page): Promise<() => Promise<{ values: number[]; total: number }>> {
  const notes = await page.evaluateHandle(() => {
    const seen = { values: [] as number[], total: 0 }
    new MutationObserver(() => {
      const bar = document.querySelector<HTMLProgressElement>('progress[aria-label="Segments"]')
      if (!bar || seen.values.at(-1) === bar.value) return
      seen.values.push(bar.value)
      seen.total = bar.max
    }).observe(document, { subtree: true, childList: true, attributes: true })
    return seen
  })
  return () => notes.jsonValue()
}

/** Runs in the page: resolves when half a second has been heard, or the element has given up. */
async function listenTo(element: HTMLAudioElement) {
  while (element.currentTime < 0.5 && !element.error) await new Promise((resolve) => setTimeout(resolve, 50))
  return { error: element.error?.message, paused: element.paused, duration: element.duration }
}

/** What a page complains of: errors in its console, thrown ones, and what its content policy stopped. */
function listen(page: Page): () => string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // Whoever is not logged in yet finds that out by being told so.
    if (message.type() === 'error' && !message.text().includes('status of 401')) complaints.push(message.text())
  })
  return () => complaints
}
