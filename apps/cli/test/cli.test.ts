import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { Loqui } from '@loqui/sdk'
import { startLoqui } from '@loqui/server/testing'
import { afterAll, expect, test, vi } from 'vitest'

const server = await startLoqui()
const admin = await server.user({ role: 'admin' })
const loqui = new Loqui({ baseUrl: server.url, apiKey: admin.key })
const directory = await mkdtemp(path.join(tmpdir(), 'loqui-cli-'))
afterAll(() => rm(directory, { recursive: true }))

// Each command is a process of its own, which a busy machine is slow to start.
const patience = 60_000

const main = path.join(import.meta.dirname, '../src/main.ts')
const longText = Array.from({ length: 200 }, (_, i) => `This is sentence number ${i + 1}.`).join(' ')

interface Options {
  readonly input?: string | Uint8Array
  readonly env?: Record<string, string>
}

/** Starts the command line as a shell in a pipe does. */
function start(args: readonly string[], { input = '', env = {} }: Options = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, LOQUI_URL: server.url, LOQUI_API_KEY: admin.key, ...env },
  })
  child.stdin.end(input)
  const exited = once(child, 'exit')
  const ended = async () => {
    const [stdout, stderr, [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), exited])
    return { code, stdout, stderr }
  }
  return { child, ended: ended() }
}

async function run(args: readonly string[], options?: Options) {
  const { code, stdout, stderr } = await start(args, options).ended
  return { code, stdout: stdout.toString(), stderr }
}

const inDirectory = (file: string) => readFile(path.join(directory, file))

test('say speaks its arguments into a file of the format that its name says', async () => {
  expect(await run(['say', 'Hello', 'there.', '-o', 'hello.wav', '--voice', 'angus', '--speed', '1.5'])).toEqual({
    code: 0,
    stdout: '',
    stderr: expect.stringMatching(/^hello\.wav: \d\.\d s of speech\n$/),
  })
  expect((await inDirectory('hello.wav')).subarray(0, 4).toString()).toBe('RIFF')
  const { items } = await loqui.generations.list({ limit: 1 })
  expect(items[0]).toMatchObject({ excerpt: 'Hello there.', format: 'wav', settings: { speed: 1.5 } })
})

test('say speaks a file, and tells programs what it made', async () => {
  await writeFile(path.join(directory, 'chapter.txt'), 'Chapter one.\n\nIt was night.')
  const { code, stdout, stderr } = await run([
    'say',
    '-f',
    'chapter.txt',
    '-o',
    'chapter.ogg',
    '--title',
    'One',
    '--json',
  ])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', format: 'opus', title: 'One' })
  expect((await inDirectory('chapter.ogg')).subarray(0, 4).toString()).toBe('OggS')
})

test('say speaks standard input into standard output', async () => {
  const { code, stdout, stderr } = await start(['say'], { input: 'From a pipe.\n' }).ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.subarray(0, 4).toString()).toBe('RIFF')
  const mp3 = await start(['say', 'Hello.', '-o', '-', '--format', 'mp3']).ended
  expect(mp3.stdout.subarray(0, 3).toString()).toBe('ID3')
})

test('retake makes another take, of the whole or of single segments', { timeout: patience }, async () => {
  const spoken = await run(['say', 'One thing.\n\nAnother thing.', '-o', 'first.wav', '--json'])
  const { id, durationMs } = JSON.parse(spoken.stdout)
  const again = await run(['retake', id, '--speed', '2', '-o', 'second.mp3', '--json'])
  expect(again).toMatchObject({ code: 0, stderr: '' })
  const whole = JSON.parse(again.stdout)
  expect(whole).toMatchObject({ state: 'succeeded', takeOf: id, settings: { speed: 2 }, segments: { cached: 0 } })
  expect(whole.durationMs).toBeLessThan(durationMs)
  expect((await inDirectory('second.mp3')).subarray(0, 3).toString()).toBe('ID3')

  const single = await run(['retake', id, '--segment', '1', '--seed', '7', '-o', 'third.wav'])
  expect(single).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^third\.wav: \d\.\d s of speech, gen_\S+\n$/),
  })
  const { items } = await loqui.generations.list({ takeOf: id })
  expect(items).toMatchObject([{ seed: 7, segments: { total: 2, cached: 1 } }, { id: whole.id }, { id }])
  expect(await run(['retake', id, '--segment', '2', '-o', 'never.wav'])).toMatchObject({
    code: 1,
    stderr: 'loqui: segments: there is no segment 2: it has those from 0 to 1. (invalid_input)\n',
  })
})

test('say cancels its generation when it is interrupted, and leaves no file', async () => {
  const { child, ended } = start(['say', '-o', 'never.wav'], { input: longText })
  const running = await vi.waitFor(
    async () => {
      const { items } = await loqui.generations.list({ limit: 1, state: 'running' })
      expect(items).toHaveLength(1)
      return items[0]!
    },
    { timeout: 10_000 },
  )
  child.kill('SIGINT')
  const { code, stdout, stderr } = await ended
  expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 130, stdout: '', stderr: '' })
  expect(await loqui.generations.get(running.id)).toMatchObject({ state: 'canceled', chargedMs: 0 })
  expect((await readdir(directory)).filter((name) => name.startsWith('never'))).toEqual([])
})

test('a refusal is a sentence and ends with 1, a wrong call ends with 2', async () => {
  const refused = await run(['say', ' ', '-o', 'a.mp3'])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^loqui: text: .*\(text_empty\)\n$/) })
  expect(await run(['keys', 'revoke', 'key_0197a5e2-7c1b-7def-8a2b-0123456789ab'])).toMatchObject({ code: 1 })
  const { stderr: ofEngine } = await run(['say', 'Hi', '-o', 'a.mp3', '--voice', 'Angus', '--fallback', 'stella'])
  expect(ofEngine).toContain('fallbackVoiceId: Stella could not speak this: its engine is that of Angus')
  const { stderr } = await run(['list', '--json'], { env: { LOQUI_API_KEY: 'loqui_live_nonsense' } })
  expect(JSON.parse(stderr)).toMatchObject({ error: { reason: 'api_key_malformed', status: 401 } })

  for (const [args, said] of [
    [['say', 'Hi', '-o', 'a.txt'], 'the ending says no format'],
    [['say', 'Hi', '--speed', 'fast'], 'It must be a number'],
    [['say', 'Hi', '-o', 'a.mp3', '--voice', 'Nobody'], 'There is no voice “Nobody”. There are: '],
    [['say', 'Hi', '-f', 'a.txt'], 'not both'],
    [['say', 'Hi', '--json'], 'say -o with a file'],
    [['samples', 'upload', '-'], 'Say --name'],
    [['clone', 'a.wav'], "required option '-n, --name <name>' not specified"],
    [['sing'], "unknown command 'sing'"],
    [['admin', 'plan', 'new'], 'needs all of its values'],
  ] as const) {
    expect(await run(args), args.join(' ')).toMatchObject({ code: 2, stderr: expect.stringContaining(said) })
  }
  expect(await run(['usage'], { env: { LOQUI_URL: '' } })).toMatchObject({ code: 2 })
  expect(await readdir(directory)).not.toContain('a.mp3')
})

test('a server that is not there is said at once', async () => {
  const { code, stderr } = await run(['usage'], { env: { LOQUI_URL: 'http://127.0.0.1:1024' } })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^loqui: Loqui cannot be reached: .*ECONNREFUSED.* \(connection_failed\)\n$/)
})

test('listings are lines of tab-separated fields in a pipe, and JSON for programs', async () => {
  const { items } = await loqui.voices.list({ gender: 'male' })
  const { stdout } = await run(['voices', '--gender', 'male', '--language', 'en'])
  expect(stdout.trimEnd().split('\n')).toEqual(
    items.map(({ name, gender, language, id, description }) =>
      [name, 'preset', 'can speak', gender, language, id, '', description].join('\t'),
    ),
  )
  expect(JSON.parse((await run(['voices', '--gender', 'male', '--json'])).stdout)).toEqual(items)
  const generations = JSON.parse((await run(['list', '--limit', '1', '--json'])).stdout)
  expect(generations).toEqual((await loqui.generations.list({ limit: 1 })).items)
})

test('a recording is uploaded, listed and deleted', async () => {
  await run(['say', 'This is how I speak when nobody listens.', '-o', 'me.wav'])
  const uploaded = await run(['samples', 'upload', 'me.wav'])
  expect(uploaded).toMatchObject({ code: 0, stdout: expect.stringMatching(/^smp_\S+\n$/) })
  // Its length, how much of it is speech, and what would make it better.
  expect(uploaded.stderr).toMatch(
    /^me: \d\.\d s, \d\.\d s of it speech, (fair|poor)\.\n {2}\d\.\d s of speech; give 6 to 15 s\.\n/,
  )
  const id = uploaded.stdout.trim()
  const piped = await run(['samples', 'upload', '-', '--name', 'Pipe', '--purpose', 'consent', '--json'], {
    input: await inDirectory('me.wav'),
  })
  const pipe = JSON.parse(piped.stdout)
  expect(pipe).toMatchObject({ name: 'Pipe', purpose: 'consent', sha256: (await loqui.samples.get(id)).sha256 })

  const { stdout } = await run(['samples', 'list', '--purpose', 'voice', '--limit', '1'])
  expect(stdout).toMatch(new RegExp(`^${id}\\tme\\tvoice\\t\\d\\.\\d s\\twav pcm-s16\\t(fair|poor)\\tnone\\t\\S+\\n$`))
  expect(JSON.parse((await run(['samples', 'list', '--json', '--search', 'PIP'])).stdout)).toEqual([pipe])
  expect((await run(['samples', 'delete', id])).stderr).toBe(`${id} is deleted.\n`)
  expect(await run(['samples', 'delete', id])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('(sample_not_found)'),
  })
})

test('a voice is made from recordings when who speaks has agreed, and speaks', { timeout: patience }, async () => {
  await run(['say', 'This is how I speak when nobody listens.', '-o', 'mine.wav'])
  const args = ['clone', 'mine.wav', '--name', 'Mine', '--language', 'en-GB']
  const consent = ['--i-consent', '--speaker-name', 'Ada Lovelace', '--locale', 'de']
  const made = await run([...args, ...consent])
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^voi_\S+\n$/) })
  const { text } = await loqui.consents.statement({ locale: 'de' })
  expect(made.stderr.startsWith(`${text}\n\nmine: `)).toBe(true)
  expect(made.stderr).toMatch(/\nMine can speak\. Preview: it follows the pitch and pace of the samples/)
  const voice = await loqui.voices.get(made.stdout.trim())
  expect(await loqui.consents.get(voice.consentId ?? '')).toMatchObject({
    speaker: 'self',
    speakerName: 'Ada Lovelace',
    locale: 'de',
    sampleIds: voice.sampleIds,
  })
  expect((await run(['say', 'Hello.', '--voice', 'mine', '-o', 'said.wav'])).code).toBe(0)
  const listed = await run(['voices', '--kind', 'cloned'])
  expect(listed.stdout).toMatch(/^Mine\tcloned \(preview\)\tcan speak\tneutral\ten-GB\tvoi_\S+\t\tPreview: .*\n$/)
  await loqui.consents.revoke(voice.consentId ?? '')
  expect((await run(['voices', '--kind', 'cloned'])).stdout).toContain('\tits consent was revoked\t')
  expect((await run(['say', 'Hello.', '--voice', 'Mine', '-o', 'said.wav'])).stderr).toContain('(consent_required)')
  const again = await run([...args, ...consent, '--quiet'])
  expect((await run(['say', 'Hello.', '--voice', 'Mine', '-o', 'said.wav'])).code).toBe(0)
  expect((await loqui.generations.list({ limit: 1 })).items[0]?.voiceId).toBe(again.stdout.trim())
})

test('without consent nothing is sent, and what fails leaves nothing', { timeout: patience }, async () => {
  const { key } = await server.user()
  const theirs = new Loqui({ baseUrl: server.url, apiKey: key })
  const env = { LOQUI_API_KEY: key }
  await run(['say', 'This is how I speak when nobody listens.', '-o', 'whose.wav'])
  await writeFile(path.join(directory, 'text.wav'), 'Once upon a time')
  const consent = ['--i-consent', '--speaker-name', 'Ada']
  const [nobody, nameless, missing, broken, unnamed] = await Promise.all([
    run(['clone', 'whose.wav', '--name', 'Theirs'], { env }),
    run(['clone', 'whose.wav', '--name', 'Theirs', '--i-consent'], { env }),
    run(['clone', 'whose.wav', 'nowhere.wav', '--name', 'Theirs', ...consent], { env }),
    run(['clone', 'whose.wav', 'text.wav', '--name', 'Theirs', ...consent], { env }),
    run(['clone', 'whose.wav', '--name', ' ', ...consent], { env }),
  ])
  expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('Nobody is here to agree') })
  expect(nameless).toMatchObject({ code: 2, stderr: expect.stringContaining('with --speaker-name') })
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^loqui: ENOENT.*nowhere\.wav'\n$/) })
  expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining('(audio_unsupported)') })
  expect(unnamed).toMatchObject({ code: 1, stderr: expect.stringContaining('(invalid_input)') })
  expect((await theirs.samples.list()).items).toEqual([])
  expect((await theirs.consents.list({ live: true })).items).toEqual([])
  expect((await theirs.voices.list({ kind: 'cloned' })).items).toEqual([])
})

test('usage shows what is left', async () => {
  expect(JSON.parse((await run(['usage', '--json'])).stdout)).toEqual(await loqui.usage.current())
  expect((await run(['usage'])).stdout).toMatch(
    /^Plan {6}Unlimited, .*\nUsed {6}.* s\nReserved {2}.* s\nLeft {6}.* s\n$/,
  )
})

test('estimate says what a text would take, and makes nothing', async () => {
  const { items: before } = await loqui.generations.list({ limit: 1 })
  const voiceId = String((await loqui.voices.list()).items[0]?.id)
  const expected = await loqui.generations.estimate({ text: longText, voiceId, settings: { speed: 2 } })
  const asJson = await run(['estimate', '--speed', '2', '--json'], { input: longText })
  expect(JSON.parse(asJson.stdout)).toEqual(expected)
  expect((await run(['estimate', 'Hello', 'there.'])).stdout).toMatch(
    /^Length {2}.* s, at most .* s\nQuota {3}.* s left now, .* s left while it runs\nCost {4}\$0\.00\nParts {3}1\n$/,
  )
  expect((await loqui.generations.list({ limit: 1 })).items).toEqual(before)
})

test('usage looks back, by day or by what is asked for', async () => {
  const days = await run(['usage', '--history'])
  expect(days.stdout.trimEnd().split('\n')).toHaveLength(30)
  expect(days.stderr).toMatch(/^\d+\.\d s by \d+ generations from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d\.\n$/)
  const byVoice = await run(['usage', '--by', 'voice', '--json'])
  expect(JSON.parse(byVoice.stdout)).toEqual(await loqui.usage.history({ by: 'voice' }))
  const few = await run(['usage', '--from', '2026-01-01', '--to', '2026-01-03'])
  expect(few.stdout).toBe(['01', '02', '03'].map((day) => `2026-01-${day}\t0\t0\t0.0 s\t$0.00\n`).join(''))
  expect(await run(['usage', '--from', 'tomorrow'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('from: must be a day, such as 2026-01-31'),
  })
})

test('administrators find plans and users, and have a hand in the ledger', { timeout: patience }, async () => {
  const person = await server.user({ planId: 'free' })
  const theirs = new Loqui({ baseUrl: server.url, apiKey: person.key })
  const { remainingMs, grantedMs } = await theirs.usage.current()
  const [users, plans, added, unclear] = await Promise.all([
    run(['admin', 'users', '--search', person.email]),
    run(['admin', 'plans']),
    run(['admin', 'adjust', person.email, '--add', '90.5', '--note', 'A gift.']),
    run(['admin', 'adjust', person.id, '--add', '1', '--take', '1', '--note', 'Hm.']),
  ])
  expect(users.stdout).toMatch(new RegExp(`^${person.id}\\t${person.email}\\t\\tuser\\tfree\\t`))
  expect(plans.stdout).toMatch(/^free\tFree\t.*\t[1-9]\d*$/m)
  expect(added.stderr).toBe(
    `${((remainingMs + 90_500) / 1000).toFixed(1)} s left of ${((grantedMs + 90_500) / 1000).toFixed(1)} s.\n`,
  )
  expect(unclear).toMatchObject({ code: 2, stderr: 'loqui: Say either --add or --take, in seconds.\n' })

  const voiceId = String((await loqui.voices.list()).items[0]?.id)
  const speech = await theirs.speak({ text: 'Give it back.', voiceId })
  await speech.arrayBuffer()
  const refund = ['admin', 'refund', speech.generation.id, '--note', 'Sorry.']
  const [taken, refunded] = await Promise.all([
    run(['admin', 'adjust', person.id, '--take', '90.5', '--note', 'No.', '--json']),
    run(refund),
  ])
  expect(JSON.parse(taken.stdout)).toMatchObject({ account: { adjustedMs: 0 }, entry: { ms: -90_500, note: 'No.' } })
  expect(refunded.stderr).toBe(`${((speech.generation.chargedMs ?? 0) / 1000).toFixed(1)} s given back.\n`)
  expect(await run(refund)).toMatchObject({ code: 1, stderr: expect.stringContaining('(refund_not_possible)') })
})

test('administrators set budgets and see costs', { timeout: patience }, async () => {
  const person = await server.user()
  expect((await run(['admin', 'budget', person.email])).stderr).toBe('No budget.\n')
  const [set] = await Promise.all([
    run(['admin', 'budget', person.email, '--alert', '0.5', '--limit', '1.25']),
    run(['admin', 'budget', 'installation', '--limit', '1000']),
  ])
  expect(set.stdout).toBe(`${person.email}\t$0.00\t$0.00\t$0.50\t$1.25\tnever\n`)
  const [listed, costs] = await Promise.all([run(['admin', 'budget']), run(['admin', 'costs', '--by', 'engine'])])
  expect(listed.stdout.split('\n')).toEqual([
    'installation\t$0.00\t$0.00\tnone\t$1000.00\tnever',
    `${person.email}\t$0.00\t$0.00\t$0.50\t$1.25\tnever`,
    '',
  ])
  expect(costs.stdout).toMatch(/^offline\t\d+\t\d+\t\d+\.\d s\t\$0\.00\n$/)
  expect(costs.stderr).toMatch(/^\$0\.00 for \d+ generations from .* to .*\.\n$/)

  const [lower] = await Promise.all([
    run(['admin', 'budget', person.id, '--alert', 'none', '--json']),
    run(['admin', 'budget', 'installation', '--limit', 'none']),
  ])
  expect(JSON.parse(lower.stdout)).toMatchObject({ alertMicros: null, limitMicros: 1_250_000 })
  expect((await run(['admin', 'budget', person.id, '--limit', 'none'])).stderr).toBe('No budget.\n')
  expect(await Array.fromAsync(loqui.admin.budgets.list())).toEqual([])
})

test('a key is printed alone, works, and is revoked', async () => {
  const made = await run(['keys', 'create', 'Reader', '--scope', 'voices:read', 'keys:read', '--expires', 'never'])
  expect(made.stdout).toMatch(/^loqui_live_\w+\n$/)
  const env = { LOQUI_API_KEY: made.stdout.trim() }
  expect((await run(['voices'], { env })).code).toBe(0)
  expect((await run(['usage'], { env })).stderr).toContain('scope_missing')
  const [id = ''] = (await run(['keys', 'list'])).stdout
    .split('\n')
    .find((line) => line.includes('Reader'))!
    .split('\t')
  expect((await run(['keys', 'revoke', id])).stderr).toBe(`Reader (${id}) is revoked.\n`)
  expect((await run(['voices'], { env })).stderr).toContain('api_key_revoked')
})

test('a key is made with a limit of its own, which the list shows', async () => {
  const limited = await run(['keys', 'create', 'Slow', '--requests-per-minute', '2'])
  const env = { LOQUI_API_KEY: limited.stdout.trim() }
  expect((await run(['usage', '--json'], { env })).code).toBe(0)
  const { stdout } = await run(['keys', 'list'])
  expect(stdout).toMatch(/^key_\S+\tSlow\t.*\t2$/m)
  expect(stdout).toMatch(/^key_\S+\tReader\t.*\t-$/m)
  expect(await run(['keys', 'create', 'None', '--requests-per-minute', '0'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('requestsPerMinute'),
  })
  expect(await run(['keys', 'create', 'None', '--requests-per-minute', 'many'])).toMatchObject({ code: 2 })
})

test('an administrator is made on the database itself', async () => {
  const env = { DATABASE_URL: server.connectionString, LOQUI_URL: '', LOQUI_API_KEY: '' }
  const made = await run(['admin', 'create', '--email', 'Root@Example.com'], { env, input: 'correct horse battery\n' })
  expect(made).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^root@example\.com \(usr_.*\) is an administrator\.\n$/),
  })
  const root = new Loqui({ baseUrl: server.url })
  const { user } = await root.auth.login({ email: 'root@example.com', password: 'correct horse battery' })
  expect(user).toMatchObject({ role: 'admin' })

  const again = await run(['admin', 'create', '--email', 'root@example.com', '--password', 'another one'], { env })
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('(email_taken)') })
  const short = await run(['admin', 'create', '--email', 'r@example.com', '--password', 'short'], { env })
  expect(short).toMatchObject({ code: 2, stderr: 'loqui: password: must be at least 8 characters long\n' })
})

test('plans are made and changed, and given to accounts', async () => {
  const values = ['--name', 'Pro', '--seconds-per-month', '3600', '--requests-per-minute', '60']
  const rest = ['--concurrency', '4', '--storage-bytes', '1000000', '--max-characters', '5000']
  expect((await run(['admin', 'plan', 'pro', ...values, ...rest])).stderr).toBe('Plan pro: 3600 s a month.\n')
  const changed = await run(['admin', 'plan', 'pro', '--seconds-per-month', '7200', '--json'])
  expect(JSON.parse(changed.stdout)).toEqual({
    id: 'pro',
    name: 'Pro',
    secondsPerMonth: 7200,
    requestsPerMinute: 60,
    concurrency: 4,
    storageBytes: 1_000_000,
    maxCharacters: 5000,
  })

  const person = await server.user()
  const byMail = await run(['admin', 'user', person.email, '--plan', 'pro'])
  expect(byMail.stderr).toBe(`${person.email}: user, plan pro.\n`)
  const byId = await run(['admin', 'user', person.id, '--access', 'disabled'])
  expect(byId.stderr).toBe(`${person.email}: user, plan pro, disabled.\n`)
  const nobody = await run(['admin', 'user', 'nobody@example.com', '--plan', 'pro'])
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('(user_not_found)') })
  const { key } = await server.user()
  const forbidden = await run(['admin', 'user', person.id, '--role', 'admin'], { env: { LOQUI_API_KEY: key } })
  expect(forbidden).toMatchObject({ code: 1, stderr: expect.stringContaining('(forbidden)') })
})

test('a reader that has enough ends it quietly', async () => {
  const { child, ended } = start(['voices', '--json'])
  // What is written then cannot be collected.
  ended.catch(() => undefined)
  child.stdout.destroy()
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('help and the version end with 0', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
  for (const args of [['--help'], ['say', '--help'], ['admin', 'plan', '--help'], ['clone', '--help']]) {
    expect(await run(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: loqui'), stderr: '' })
  }
})

test('library shows, downloads, links and deletes what was generated, with its captions', {
  timeout: patience,
}, async () => {
  const { generation } = await loqui.speak({ text: 'It was night.', voiceId: 'stella', format: 'wav', title: 'Night' })
  const { id } = generation
  expect(await run(['library', 'list', '--limit', '1'])).toMatchObject({ code: 0, stdout: expect.stringContaining(id) })
  expect((await run(['library', 'show', id])).stdout).toMatch(
    /Night\nState {4}succeeded, 1 of 1 parts\n[\s\S]*\nIt was night\.\n$/,
  )
  expect(JSON.parse((await run(['library', 'show', id, '--json'])).stdout)).toMatchObject({ id, text: 'It was night.' })

  expect(await run(['library', 'download', id, '-o', 'night.mp3'])).toMatchObject({ code: 0, stdout: '' })
  expect((await inDirectory('night.mp3')).subarray(0, 3).toString()).toBe('ID3')
  expect(JSON.parse((await run(['library', 'download', id, '--json'])).stdout)).toEqual({ id, file: 'speech.wav' })
  expect((await start(['library', 'download', id, '-o', '-']).ended).stdout.subarray(0, 4).toString()).toBe('RIFF')

  expect((await run(['library', 'captions', id])).stdout).toMatch(/^1\r?\n00:00:00,/)
  expect((await run(['library', 'captions', id, '-o', 'night.vtt'])).code).toBe(0)
  expect((await inDirectory('night.vtt')).toString()).toMatch(/^WEBVTT/)
  expect(JSON.parse((await run(['library', 'captions', id, '--json'])).stdout)).toMatchObject({ generationId: id })
  expect(await run(['library', 'captions', id, '-o', 'night.txt'])).toMatchObject({ code: 2 })

  const { stdout: url } = await run(['library', 'link', id, '--format', 'mp3'])
  expect((await fetch(url.trim())).headers.get('content-type')).toBe('audio/mpeg')
  expect(await run(['library', 'delete', id])).toMatchObject({ code: 0, stderr: `${id} is deleted.\n` })
  expect(await run(['library', 'show', id])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('generation_not_found'),
  })
})

test('pronunciations are added, changed, listed and deleted', { timeout: patience }, async () => {
  const added = await run(['pronunciations', 'add', 'SQL', 'sequel', '--case-sensitive', '--language', 'en', '--json'])
  const { id } = JSON.parse(added.stdout)
  const voiceId = (await loqui.voices.list()).items[0]?.id ?? ''
  expect(await run(['pronunciations', 'update', id, '--replacement', 'S Q L', '--voice', voiceId])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('“SQL” is said “S Q L” from now on'),
  })
  const changed = ['pronunciations', 'update', id, '--no-case-sensitive', '--language', 'all', '--json']
  expect(JSON.parse((await run(changed)).stdout)).toMatchObject({
    ...{ id, phrase: 'SQL', replacement: 'S Q L' },
    ...{ caseSensitive: false, language: null, voiceId },
  })
  expect((await run(['pronunciations', 'list'])).stdout).toBe(`${id}\tSQL\tS Q L\tany\tall\t${voiceId}\n`)
  expect(await run(['pronunciations', 'update', id])).toMatchObject({ code: 2 })
  expect(await run(['pronunciations', 'update', 'pro_1', '--phrase', 'SQL'])).toMatchObject({ code: 1 })
  expect((await run(['pronunciations', 'delete', id])).code).toBe(0)
})

test('config keeps which Loqui, which key and which voice are meant', { timeout: patience }, async () => {
  const env = { LOQUI_CONFIG: path.join(directory, 'config.json'), LOQUI_URL: '', LOQUI_API_KEY: '' }
  expect((await run(['voices'], { env })).stderr).toContain('loqui config set url')
  expect((await run(['config', 'set', 'url', server.url], { env })).code).toBe(0)
  expect((await run(['config', 'set', 'apiKey'], { env, input: `${admin.key}\n` })).code).toBe(0)
  expect((await run(['config', 'set', 'voice', 'angus'], { env })).code).toBe(0)
  const kept = await run(['config'], { env })
  expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining(`voice\tangus`) })
  expect(kept.stdout).not.toContain(admin.key)
  const { stdout } = await run(['say', 'Hello.', '-o', 'configured.wav', '--json'], { env })
  const angus = await loqui.voices.get(JSON.parse(stdout).voiceId)
  expect(angus.name).toBe('Angus')
  expect(JSON.parse((await run(['config', 'unset', 'voice', '--json'], { env })).stdout)).not.toHaveProperty('voice')
  expect(await run(['config', 'set', 'colour', 'red'], { env })).toMatchObject({ code: 2 })
})
