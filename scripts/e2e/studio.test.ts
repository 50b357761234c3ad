import { readFile } from 'node:fs/promises'
import { decodeAudio } from '@loqui/audio/testing'
import { startLoqui } from '@loqui/server/testing'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { launchBrowser } from './browser.ts'

const loqui = await startLoqui()

const screens = [
  { name: 'a desk', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'a phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const

const text = [
  'This sentence is the first of several, and it is long enough to be heard on its own. ',
  'The second one follows it, so that there is more than one thing to wait for. ',
  'Then there is a third, which goes on a little about nothing in particular, as sentences do. ',
  'And a fourth one says goodbye.',
].join('')

describe.each(screens)('on $name', ({ viewport, colorScheme }) => {
  test('a person registers, writes, generates, hears, downloads and leaves', async () => {
    // One a test: the browser that npm brings ends with its first context.
    await using browser = await launchBrowser()
    const context = await browser.newContext({ viewport, colorScheme, acceptDownloads: true })
    const page = await context.newPage()
    const complaints = listen(page)

    await page.goto(`${loqui.url}/register`)
    await page.getByLabel('E-mail').fill(`${crypto.randomUUID()}@example.com`)
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery staple')
    await page.getByRole('button', { name: 'Create account' }).click()

    await page.getByRole('textbox', { name: 'Text' }).fill(text)
    await page.getByRole('button', { name: /^Generate/ }).click()
    const audio = page.locator('audio')
    await audio.waitFor({ state: 'attached', timeout: 60_000 })
    await page.getByRole('button', { name: 'Play', exact: true }).first().click()
    const played = await audio.evaluate(async (element: HTMLAudioElement) => {
      while (element.currentTime < 0.5 && !element.error) await new Promise((resolve) => setTimeout(resolve, 50))
      return { error: element.error?.message, paused: element.paused, duration: element.duration }
    })
    expect(played).toEqual({ error: undefined, paused: false, duration: expect.any(Number) })

    const downloading = page.waitForEvent('download')
    await page
      .getByRole('link', { name: /^Download/ })
      .or(page.getByRole('button', { name: /^Download/ }))
      .first()
      .click()
    const file = await (await downloading).path()
    const { durationMs } = await decodeAudio(await readFile(file), 'mp3')
    expect(Math.abs(durationMs - played.duration * 1000)).toBeLessThan(100)
    expect(durationMs).toBeGreaterThan(8_000)

    for (const path of ['/generations', '/keys', '/usage', '/nowhere']) {
      await page.goto(loqui.url + path)
      await page.getByRole('heading').first().waitFor()
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
        path,
      ).toBeLessThanOrEqual(0)
    }

    await page.goto(loqui.url)
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(complaints()).toEqual([])
  }, 120_000)
})

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
