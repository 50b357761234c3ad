import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { obtainConsent, requireConversation } from './consent.ts'
import { Interruption, UsageError } from './failure.ts'

/** Somebody who types this, line by line, and then nothing more. */
function typing(...lines: readonly string[]) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const left = [...lines]
  output.on('data', (shown: Buffer) => {
    if (!/: $/.test(shown.toString())) return
    const line = left.shift()
    if (line === undefined) input.end()
    else input.write(`${line}\n`)
  })
  return { input, output }
}

test('whose voice it is and whether they agree is asked, and only a yes is one', async () => {
  expect(await obtainConsent({}, typing('Ada Lovelace', 'Yes'))).toBe('Ada Lovelace')
  expect(await obtainConsent({ speakerName: 'Ada' }, typing('yes'))).toBe('Ada')
  for (const answer of ['', 'y', 'no', 'yes, but']) {
    await expect(obtainConsent({ speakerName: 'Ada' }, typing(answer)), answer).rejects.toThrow('nothing was sent')
  }
  await expect(obtainConsent({}, typing('', 'yes'))).rejects.toBeInstanceOf(UsageError)
})

test('who leaves has not agreed', async () => {
  await expect(obtainConsent({}, typing())).rejects.toBeInstanceOf(Interruption)
  await expect(obtainConsent({}, typing('Ada'))).rejects.toBeInstanceOf(Interruption)
})

test('nothing is asked where all was said, and nobody where nobody is', async () => {
  const terminal = typing()
  expect(requireConversation({ iConsent: true, speakerName: 'Ada' }, terminal)).toBeNull()
  expect(await obtainConsent({ speakerName: 'Ada' }, null)).toBe('Ada')
  expect(requireConversation({ speakerName: 'Ada' }, terminal)).toBe(terminal)
  expect(() => requireConversation({ iConsent: true }, terminal)).toThrow('--speaker-name')
  expect(() => requireConversation({ speakerName: 'Ada' }, null)).toThrow('Nobody is here to agree')
})
