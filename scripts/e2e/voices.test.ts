import { Loqui } from '@loqui/sdk'
import { startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'
import { launchBrowser } from './browser.ts'

const server = await startLoqui()

test('a voice of one’s own is marked as what it is, heard, chosen, and silent when its consent is revoked', async () => {
  const person = await server.user()
  const loqui = new Loqui({ baseUrl: server.url, apiKey: person.key })
  const speech = await loqui.speak({
    text: 'This is how I speak when nobody listens.',
    voiceId: 'stella',
    format: 'wav',
  })
  const sample = await loqui.samples.upload(await speech.blob(), { name: 'Me' })
  const { nonce, locale, version } = await loqui.consents.statement()
  const consent = await loqui.consents.create({
    sampleIds: [sample.id],
    speaker: 'self',
    speakerName: 'Ada',
    nonce,
    locale,
    statementVersion: version,
    accepted: true,
  })
  await loqui.voices.create({ name: 'Mine', sampleIds: [sample.id], consentId: consent.id })

  await using browser = await launchBrowser()
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.goto(server.url)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Log in' }).click()

  const mine = page.getByRole('radio', { name: 'Mine' })
  await mine.click()
  expect(await mine.textContent()).toMatch(/Preview.*Yours.*not the voice itself/s)
  await page.getByRole('button', { name: 'Hear Mine' }).click()
  await page.getByRole('button', { name: 'Stop Mine' }).waitFor()
  // It ends by itself, having been heard.
  await page.getByRole('button', { name: 'Hear Mine' }).waitFor()
  expect(await page.getByText('cannot be heard').count()).toBe(0)

  await page.getByRole('textbox', { name: 'Text' }).fill('Is this me?')
  await page.getByRole('button', { name: /^Generate/ }).click()
  await page.locator('audio').waitFor({ state: 'attached' })
  const [{ id } = { id: '' }] = (await loqui.generations.list({ limit: 1 })).items
  await page.goto(`${server.url}/generations/${id}`)
  await page.getByText('A preview follows the pitch and pace of its samples').waitFor()

  await loqui.consents.revoke(consent.id)
  await page.goto(server.url)
  await page.getByText('The consent to it was revoked.').waitFor()
  expect(await mine.isDisabled()).toBe(true)
  expect(await page.getByRole('radio', { name: 'Stella' }).isChecked()).toBe(true)
}, 60_000)
