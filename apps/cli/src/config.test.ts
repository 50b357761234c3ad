import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configFile, readConfig, writeConfig } from './config.ts'
import { UsageError } from './failure.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'loqui-cli-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('it is where LOQUI_CONFIG says, or where configuration is kept', () => {
  const xdg = { XDG_CONFIG_HOME: '/xdg', HOME: '/home/ada' }
  expect(configFile({ LOQUI_CONFIG: '/etc/loqui.json', ...xdg })).toBe('/etc/loqui.json')
  expect(configFile(xdg)).toBe('/xdg/loqui/config.json')
  expect(configFile({ HOME: '/home/ada' })).toBe('/home/ada/.config/loqui/config.json')
  expect(configFile({})).toBe(path.join(homedir(), '.config/loqui/config.json'))
})

test('what is written is read again, and nobody else can read it', async () => {
  const file = path.join(directory, 'loqui/config.json')
  expect(readConfig(file)).toEqual({})
  const config = { url: 'https://voice.example.com', apiKey: 'loqui_live_1', voice: 'Stella' }
  await writeConfig(file, { url: 'http://localhost:3000' })
  await writeConfig(file, config)
  expect(readConfig(file)).toEqual(config)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700)
  expect(await readFile(file, 'utf8')).toMatch(/\}\n$/)
})

test.each(['{', '[]', 'null', '{"url":1}', '{"api-key":"x"}'])('one that holds %s is named', async (content) => {
  const file = path.join(directory, 'config.json')
  await writeFile(file, content)
  expect(() => readConfig(file)).toThrow(UsageError)
  expect(() => readConfig(file)).toThrow(file)
})
