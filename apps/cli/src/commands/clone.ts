import { access } from 'node:fs/promises'
import type { CreateConsentInput, CreateVoiceInput, Loqui, Sample, Voice } from '@loqui/sdk'
import { obtainConsent, requireConversation, type Saying } from '../consent.ts'
import { UsageError } from '../failure.ts'
import { onInterrupt } from '../interruption.ts'
import { note, print, printJson } from '../print.ts'
import { describe, sendFile } from './samples.ts'

export interface CloneOptions extends Saying, Pick<CreateVoiceInput, 'gender' | 'language' | 'description'> {
  readonly name: string
  readonly speaker: CreateConsentInput['speaker']
  /** Of the statement. */
  readonly locale?: string | undefined
  readonly quiet?: boolean | undefined
}

/**
 * Makes a voice from files, when the statement of consent has been shown and agreed to, and prints its id alone. When
 * something fails on the way, nothing of it is left.
 */
export async function clone(
  connect: () => Loqui,
  files: readonly string[],
  { name, speaker, locale, quiet = false, ...options }: CloneOptions,
  json: boolean,
): Promise<void> {
  if (files.includes('-')) throw new UsageError('Give files: standard input has to answer.')
  const terminal = process.stdin.isTTY ? { input: process.stdin, output: process.stderr } : null
  const conversation = requireConversation(options, terminal)
  // Nobody should agree to what cannot be sent.
  await Promise.all(files.map((file) => access(file)))
  const loqui = connect()
  const statement = await loqui.consents.statement({ locale })
  note(`${statement.text}\n`)
  const speakerName = await obtainConsent(options, conversation)
  using interruption = onInterrupt()
  const { signal } = interruption
  const samples: Sample[] = []
  let consentId: string | undefined
  let voice: Voice
  try {
    for (const file of files) {
      const sample = await sendFile(loqui, file, { quiet, signal })
      samples.push(sample)
      if (!quiet) note(describe(sample))
    }
    const sampleIds = samples.map(({ id }) => id)
    const { nonce, locale, version: statementVersion } = statement
    const agreed = { sampleIds, speaker, speakerName, nonce, locale, statementVersion, accepted: true } as const
    consentId = (await loqui.consents.create(agreed, { signal })).id
    const { gender, language, description } = options
    voice = await loqui.voices.create({ name, sampleIds, consentId, gender, language, description }, { signal })
  } catch (error) {
    // That this did not work is not what went wrong.
    if (consentId !== undefined) await loqui.consents.revoke(consentId).catch(() => undefined)
    else await Promise.allSettled(samples.map(({ id }) => loqui.samples.delete(id)))
    throw error
  }
  if (json) return printJson(voice)
  print([voice.id])
  note(`${voice.name} can speak. ${voice.fidelity === 'preview' ? voice.description : ''}`.trim())
}
