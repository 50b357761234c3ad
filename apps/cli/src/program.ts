import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import type { Consent, EngineId, GenerationSummary, Loqui, Sample, Scope, Voice } from '@loqui/sdk'
import manifest from '../package.json' with { type: 'json' }
import { audioFormats } from './audio-file.ts'
import { adminCreate, adminPlan, adminPlans, adminUser, adminUsers } from './commands/admin.ts'
import { clone } from './commands/clone.ts'
import { setConfig, showConfig, unsetConfig } from './commands/config.ts'
import { estimate } from './commands/estimate.ts'
import { createKey, listKeys, revokeKey } from './commands/keys.ts'
import {
  captionFormats,
  captions,
  deleteGenerations,
  downloadAudio,
  linkAudio,
  showGeneration,
} from './commands/library.ts'
import { list } from './commands/list.ts'
import { adminAdjust, adminBudget, adminCosts, adminRefund } from './commands/meter.ts'
import {
  addPronunciation,
  deletePronunciation,
  listPronunciations,
  updatePronunciation,
} from './commands/pronunciations.ts'
import { retake } from './commands/retake.ts'
import { deleteSample, listSamples, uploadSample } from './commands/samples.ts'
import { say } from './commands/say.ts'
import { segments } from './commands/segments.ts'
import { usage, usageHistory } from './commands/usage.ts'
import { voices } from './commands/voices.ts'
import { completion, shells } from './completion.ts'
import { configNames } from './config.ts'
import { connect } from './connect.ts'
import { type Env, readEnv } from './env.ts'
import { UsageError } from './failure.ts'

const genders: readonly Voice['gender'][] = ['female', 'male', 'neutral']
const states: readonly GenerationSummary['state'][] = ['queued', 'running', 'succeeded', 'failed', 'canceled']
const kinds: readonly Voice['kind'][] = ['preset', 'cloned']
const engines: readonly EngineId[] = [
  'offline',
  'chatterbox',
  'chatterbox-turbo',
  'chatterbox-multilingual',
  'openai',
  'espeak',
]
const purposes: readonly Sample['purpose'][] = ['voice', 'consent']
const speakers: readonly Consent['speaker'][] = ['self', 'other']
const scopes: readonly Scope[] = [
  'generations:read',
  'generations:write',
  'voices:read',
  'voices:write',
  'samples:read',
  'samples:write',
  'consents:read',
  'consents:write',
  'usage:read',
  'keys:read',
  'keys:write',
  'admin',
]
const roles = ['user', 'admin'] as const
const ownDimensions = ['day', 'voice', 'key', 'engine'] as const
const dimensions = ['user', ...ownDimensions] as const

const examples = `
Examples:
  $ loqui say "Hello" -o hello.wav
  $ loqui say --file chapter.txt --voice Stella -o chapter.mp3
  $ echo "Hello" | loqui say | aplay
  $ loqui say "Hello" --voice Chatterbox --exaggeration 0.8 --seed 7 -o hello.mp3
  $ loqui clone me.wav --name Me && loqui say --voice Me "Hello" -o me-too.wav

Which Loqui, and who asks: --url and --api-key, else LOQUI_URL and LOQUI_API_KEY, else credentials.json in
LOQUI_DATA_DIR or in .loqui here or above, where \`npm start\` has written it, else what \`loqui config\` keeps.

Exit codes: 0 done, 1 refused or failed, 2 called wrongly, 130 interrupted.`

const completionHelp = `
Once for all:
  bash  echo 'source <(loqui completion bash)' >> ~/.bashrc
  zsh   echo 'source <(loqui completion zsh)' >> ~/.zshrc    (after compinit)
  fish  loqui completion fish > ~/.config/fish/completions/loqui.fish`

/** Everything that can be typed after \`loqui\`. It throws what goes wrong; \`judge\` makes an exit code of it. */
export function createProgram() {
  const program = new Command('loqui')
    .description('Speech from text, on the command line.')
    .version(manifest.version)
    .option('--url <url>', 'where Loqui is')
    .option('--api-key <key>', 'who asks')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .configureOutput({ outputError: (message, write) => write(message.replace(/^error: /, 'loqui: ')) })
    .exitOverride()

  let env: Env | undefined
  const readEnvOnce = (): Env => {
    env ??= readEnv()
    return env
  }
  const client = (): Loqui => connect(program.opts(), readEnvOnce())
  const json = (): boolean => program.opts().json ?? false
  const voiceOf = ({ voice }: { readonly voice?: string | undefined }) => voice ?? readEnvOnce().config.voice

  program
    .command('say')
    .summary('speak a text into a file')
    .description('Speaks a text: from the arguments, --file, or standard input.')
    .argument('[text...]', 'what to say')
    .option('-f, --file <path>', 'a file with the text; - for standard input')
    .option('-o, --output <path>', 'where the audio goes; - for standard output (default: speech.mp3, or a pipe)')
    .addOption(
      new Option('--format <format>', 'of the audio (default: what the output ends with)').choices(audioFormats),
    )
    .option('-v, --voice <name>', 'its name, alias or id (default: the first of `loqui voices` that can speak)')
    .option('--fallback <name>', 'the voice that speaks where the engine of the other does not work')
    .option('--no-fallback', 'wait for it, also where the voice has a fallback of its own')
    .option('--speed <factor>', "pace against the voice's own, 0.25 to 4", number)
    .option('--pitch <semitones>', 'shift, -12 to 12', number)
    .option('--exaggeration <number>', 'how much feeling, from flat to theatrical', number)
    .option('--cfg-weight <number>', "how closely the recording's way of speaking is kept to", number)
    .option('--temperature <number>', 'how much is left to chance', number)
    .option('--top-p <share>', 'share of the likeliest sounds that is chosen from', number)
    .option('--top-k <number>', 'number of the likeliest sounds that are chosen from', count)
    .option('--repetition-penalty <number>', 'how much a sound is avoided that has just been made', number)
    .option('--language <code>', 'what the text is in, such as de, for voices that have to be told')
    .option('--seed <number>', 'the same text with the same seed sounds the same again', count)
    .option('--title <title>', 'a name for people')
    .option('--normalize', 'write numbers and abbreviations out, for voices that read them badly')
    .option('--no-cache', 'speak also what was spoken before with the same voice and settings')
    .option('-q, --quiet', 'show no progress')
    .action((words, options) => say(client, words, { ...options, voice: voiceOf(options), json: json() }))

  program
    .command('retake')
    .summary('speak a generation another time')
    .description('Makes another take of a generation, or of some of its segments; the earlier one stays.')
    .argument('<id>', 'gen_…')
    .option('-s, --segment <number>', 'only this one is spoken anew, from 0; say it again for more', counts)
    .option('--seed <number>', 'the same one sounds the same (default: another one)', count)
    .option('--speed <factor>', "pace against the voice's own, 0.25 to 4 (default: as before)", number)
    .option('--pitch <semitones>', 'shift, -12 to 12 (default: as before)', number)
    .option('-o, --output <path>', 'where the audio goes; - for standard output (default: speech.mp3, or a pipe)')
    .addOption(
      new Option('--format <format>', 'of the audio (default: what the output ends with)').choices(audioFormats),
    )
    .option('-q, --quiet', 'show no progress')
    .action((id, options) => retake(client(), id, { ...options, json: json() }))

  program
    .command('estimate')
    .summary('say how long a text will be')
    .description('Says how long a text will be, what is left after it and what it costs; makes nothing.')
    .argument('[text...]', 'what would be said')
    .option('-f, --file <path>', 'a file with the text; - for standard input')
    .option('-v, --voice <name>', 'its name, alias or id (default: the first of `loqui voices` that can speak)')
    .option('--fallback <name>', 'the voice that speaks where the engine of the other does not work')
    .option('--no-fallback', 'wait for it, also where the voice has a fallback of its own')
    .option('--speed <factor>', "pace against the voice's own, 0.25 to 4", number)
    .option('--pitch <semitones>', 'shift, -12 to 12', number)
    .option('--exaggeration <number>', 'how much feeling, from flat to theatrical', number)
    .option('--cfg-weight <number>', "how closely the recording's way of speaking is kept to", number)
    .option('--temperature <number>', 'how much is left to chance', number)
    .option('--top-p <share>', 'share of the likeliest sounds that is chosen from', number)
    .option('--top-k <number>', 'number of the likeliest sounds that are chosen from', count)
    .option('--repetition-penalty <number>', 'how much a sound is avoided that has just been made', number)
    .option('--language <code>', 'what the text is in, such as de, for voices that have to be told')
    .option('--normalize', 'as it would be with numbers and abbreviations written out')
    .action((words, options) => estimate(client, words, { ...options, voice: voiceOf(options), json: json() }))

  program
    .command('voices')
    .description(
      'Lists what speaks: presets, and voices of your own. One that is a preview follows the pitch and pace of its samples, not the voice itself.',
    )
    .addOption(new Option('--kind <kind>').choices(kinds))
    .addOption(new Option('--gender <gender>').choices(genders))
    .option('--language <tag>', 'such as en or en-US')
    .addOption(new Option('--engine <engine>').choices(engines))
    .option('--available', 'only those that can speak now')
    .option('--search <words>', 'in name, description, labels and aliases')
    .action((filter) => voices(client(), filter, json()))

  program
    .command('clone')
    .summary('make a voice from recordings of it')
    .description(
      'Makes a voice from recordings, when who speaks in them has agreed: shows the statement of consent, asks, uploads, and prints the id of the voice.',
    )
    .argument('<file...>', 'recordings of one voice, 6 to 15 seconds of speech')
    .requiredOption('-n, --name <name>', 'of the voice')
    .addOption(new Option('--speaker <who>', 'whose voice it is').choices(speakers).default('self' as const))
    .option('--speaker-name <name>', 'of who speaks (default: asked for)')
    .option('--i-consent', 'who speaks has read the statement and agreed; nothing is asked')
    .option('--locale <tag>', 'of the statement, such as de (default: en)')
    .addOption(new Option('--gender <gender>', 'of the voice').choices(genders))
    .option('--language <tag>', 'that it speaks (default: en)')
    .option('--description <text>', 'for people')
    .option('-q, --quiet', 'show no progress')
    .action((files, options) => clone(client, files, options, json()))

  const samples = program
    .command('samples')
    .description('Uploads, lists and deletes recordings that voices are made of.')
  samples
    .command('list')
    .description('Lists your samples, the newest first.')
    .addOption(new Option('--purpose <purpose>', 'what they are for').choices(purposes))
    .option('--search <text>', 'part of a name')
    .option('--limit <number>', 'how many', count, 20)
    .action((options) => listSamples(client(), options, json()))
  samples
    .command('upload')
    .description('Uploads a recording, says how well it serves, and prints its id.')
    .argument('<file>', 'wav, mp3, flac, ogg or webm; - for standard input')
    .option('-n, --name <name>', 'for people (default: what the file is called)')
    .addOption(new Option('--purpose <purpose>', 'what it is for (default: voice)').choices(purposes))
    .option('-q, --quiet', 'show no progress')
    .action((file, options) => uploadSample(client(), file, options, json()))
  samples
    .command('delete')
    .description('Deletes a sample. Voices made from it speak no more.')
    .argument('<id>', 'smp_…')
    .action((id) => deleteSample(client(), id, json()))

  const pronunciations = program
    .command('pronunciations')
    .description('Lists, adds, changes and deletes how words are to be said.')
  pronunciations
    .command('list')
    .description('Lists your pronunciations, the newest first.')
    .action(() => listPronunciations(client(), json()))
  pronunciations
    .command('add')
    .description('Says how a word, or several, is to be said from now on.')
    .argument('<phrase>', 'as it is written')
    .argument('<replacement>', 'as it is to be said')
    .option('--case-sensitive', 'only where it is written so')
    .option('--language <tag>', 'only where this is spoken, such as en')
    .option('-v, --voice <id>', 'only by this voice, voi_…')
    .action((phrase, replacement, { voice, ...options }) =>
      addPronunciation(client(), { phrase, replacement, voiceId: voice, ...options }, json()),
    )
  pronunciations
    .command('update')
    .description('Changes how a word is to be said, or where. What is not given stays as it is.')
    .argument('<id>', 'pro_…')
    .option('--phrase <text>', 'as it is written')
    .option('--replacement <text>', 'as it is to be said')
    .option('--case-sensitive', 'only where it is written so')
    .option('--no-case-sensitive', 'in any case')
    .option('--language <tag>', 'only where this is spoken, such as en; all for every language')
    .option('-v, --voice <id>', 'only by this voice, voi_…; all for every voice')
    .action((id, { voice, language, ...options }) =>
      updatePronunciation(client(), id, { ...options, language: orAll(language), voiceId: orAll(voice) }, json()),
    )
  pronunciations
    .command('delete')
    .description('Forgets how a word is to be said.')
    .argument('<id>', 'pro_…')
    .action((id) => deletePronunciation(client(), id, json()))

  program
    .command('list')
    .description('Lists generations, the newest first.')
    .addOption(new Option('--state <state>').choices(states))
    .option('--limit <number>', 'how many', count, 20)
    .action((options) => list(client(), options, json()))

  const library = program.command('library').description('Shows, fetches, links and deletes what was generated.')
  library
    .command('list')
    .description('Lists generations, the newest first; the same as `loqui list`.')
    .addOption(new Option('--state <state>').choices(states))
    .option('--limit <number>', 'how many', count, 20)
    .action((options) => list(client(), options, json()))
  library
    .command('show')
    .description('Shows a generation with its text.')
    .argument('<id>', 'gen_…')
    .action((id) => showGeneration(client(), id, json()))
  library
    .command('download')
    .description('Fetches the audio of a generation.')
    .argument('<id>', 'gen_…')
    .option('-o, --output <path>', 'where it goes; - for standard output (default: speech and its format)')
    .addOption(
      new Option('--format <format>', 'to bring it to (default: what the output ends with)').choices(audioFormats),
    )
    .option('-q, --quiet', 'say nothing of it')
    .action((id, options) => downloadAudio(client(), id, options, json()))
  library
    .command('captions')
    .description('Fetches what is said when, as subtitles or JSON.')
    .argument('<id>', 'gen_…')
    .option('-o, --output <path>', 'where they go (default: standard output)')
    .addOption(
      new Option('--format <format>', 'of them (default: what the output ends with, else srt)').choices(captionFormats),
    )
    .action((id, options) => captions(client(), id, options, json()))
  library
    .command('link')
    .description('Makes an address at which whoever has it can hear a generation.')
    .argument('<id>', 'gen_…')
    .addOption(new Option('--format <format>', 'to bring it to').choices(audioFormats))
    .option('--expires <seconds>', 'from now, 60 to 604800 (default: 3600)', count)
    .action((id, options) => linkAudio(client(), id, options, json()))
  library
    .command('delete')
    .description('Deletes generations with their texts and audio. What was charged stays charged.')
    .argument('<id...>', 'gen_…')
    .action((ids) => deleteGenerations(client(), ids, json()))

  program
    .command('segments')
    .summary('list the parts of a generation')
    .description('Lists the parts of a generation that are spoken one by one, and what is wrong with them.')
    .argument('<id>', 'gen_…')
    .option('--flawed', 'only those with something wrong with them')
    .action((id, { flawed = false }) => segments(client(), id, flawed, json()))

  program
    .command('usage')
    .description('Shows what was used and what is left in this period, or what was used in some days.')
    .option('--history', 'of the last thirty days, or of --from and --to')
    .addOption(new Option('--by <dimension>', 'what the history is summed by').choices(ownDimensions))
    .option('--from <day>', 'such as 2026-01-01, in UTC')
    .option('--to <day>', 'included (default: today)')
    .action(({ history, ...input }) => {
      const isHistory = history ?? Object.values(input).some((value) => value !== undefined)
      return isHistory ? usageHistory(client(), input, json()) : usage(client(), json())
    })

  const keys = program.command('keys').description('Makes, lists and revokes API keys.')
  keys
    .command('create')
    .description('Makes a key and prints it: it is shown this once.')
    .argument('<name>', 'for people, to tell it from others')
    .addOption(
      new Option('--scope <scope...>', 'what it may do (default: speak, and read voices and usage)').choices(scopes),
    )
    .option('--expires <days>', 'days until it expires, or never (default: 90)', daysOrNever)
    .option('--requests-per-minute <number>', "beside its account's limit (default: none of its own)", count)
    .action((name, { scope, expires, requestsPerMinute }) => {
      const expiresInDays = expires === 'never' ? null : expires
      return createKey(client(), { name, scopes: scope, expiresInDays, requestsPerMinute }, json())
    })
  keys
    .command('list')
    .description('Lists your keys, the newest first.')
    .action(() => listKeys(client(), json()))
  keys
    .command('revoke')
    .description('Ends a key for good.')
    .argument('<id>', 'key_…')
    .action((id) => revokeKey(client(), id, json()))

  const admin = program.command('admin').description('What administrators do.')
  const databaseUrl = new Option(
    '--database-url <url>',
    'of the PostgreSQL (default: DATABASE_URL, or credentials.json)',
  )
  const findDatabase = (given: string | undefined): string => {
    const found = given ?? readEnvOnce().databaseUrl ?? readEnvOnce().credentials?.databaseUrl
    if (found === undefined) throw new UsageError('Say which database: with DATABASE_URL or --database-url.')
    return found
  }
  admin
    .command('create')
    .description('Makes an administrator, on the database itself.')
    .requiredOption('--email <email>', 'of the new account')
    .option('--password <password>', 'of it (default: asked for, or read from standard input)')
    .addOption(databaseUrl)
    .action((options) => adminCreate(findDatabase(options.databaseUrl), options, json()))
  admin
    .command('plan')
    .description('Makes a plan, or changes one.')
    .argument('<id>', 'such as pro')
    .option('--name <name>', 'for people')
    .option('--seconds-per-month <number>', 'of audio', count)
    .option('--requests-per-minute <number>', 'of one account', count)
    .option('--concurrency <number>', 'generations running at once', count)
    .option('--storage-bytes <number>', 'of audio that is kept', count)
    .option('--max-characters <number>', 'of one text', count)
    .action((id, changes) => adminPlan(client(), id, changes, json()))
  admin
    .command('plans')
    .description('Lists plans, the smallest first, with how many accounts are on each.')
    .action(() => adminPlans(client(), json()))
  admin
    .command('users')
    .description('Lists accounts, the newest first.')
    .option('--search <text>', 'part of an e-mail address or of a name')
    .option('--limit <number>', 'how many', count, 20)
    .action((options) => adminUsers(client(), options, json()))
  admin
    .command('user')
    .description("Changes an account's plan, role or access.")
    .argument('<user>', 'usr_… or an e-mail address')
    .option('--plan <id>', 'what it may use')
    .addOption(new Option('--role <role>').choices(roles))
    .addOption(
      new Option('--access <access>', 'disabling ends every session').choices(['enabled', 'disabled'] as const),
    )
    .action((user, { plan, role, access }) => {
      const disabled = access === undefined ? undefined : access === 'disabled'
      return adminUser(client(), user, { planId: plan, role, disabled }, json())
    })
  admin
    .command('adjust')
    .description('Adds to what an account has left in its running period, or takes from it.')
    .argument('<user>', 'usr_… or an e-mail address')
    .option('--add <seconds>', 'of audio', number)
    .option('--take <seconds>', 'of audio, at most what is left', number)
    .requiredOption('--note <text>', 'why; it stays in the ledger')
    .action((user, options) => adminAdjust(client(), user, options, json()))
  admin
    .command('refund')
    .description('Gives back what a generation was charged, once.')
    .argument('<generation>', 'gen_…')
    .requiredOption('--note <text>', 'why; it stays in the ledger')
    .action((id, options) => adminRefund(client(), id, options, json()))
  admin
    .command('budget')
    .description('Lists what engines may cost in a month, or sets it.')
    .argument('[whose]', 'installation, usr_… or an e-mail address (default: list all)')
    .option('--alert <dollars>', 'from here on the log warns, or none', dollarsOrNone)
    .option('--limit <dollars>', 'nothing begins that could go beyond, or none', dollarsOrNone)
    .action((whose, options) => adminBudget(client(), whose, options, json()))
  admin
    .command('costs')
    .description("Shows what everybody's generations cost, of this month by user unless asked for otherwise.")
    .addOption(new Option('--by <dimension>', 'what is summed').choices(dimensions))
    .option('--from <day>', 'such as 2026-01-01, in UTC')
    .option('--to <day>', 'included (default: today)')
    .option('--limit <number>', 'how many rows', count)
    .action((input) => adminCosts(client(), input, json()))

  const config = program
    .command('config')
    .description('Keeps which Loqui, which key and which voice are meant where nothing else says so.')
    .action(() => showConfig(readEnvOnce().configFile, json()))
  const setting = () => program.createArgument('<name>', 'what to keep').choices(configNames)
  config
    .command('set')
    .description('Keeps a setting.')
    .addArgument(setting())
    .argument('[value]', 'of it (default: read from standard input, so that no shell remembers a key)')
    .action((name, value) => setConfig(readEnvOnce().configFile, name, value, json()))
  config
    .command('unset')
    .description('Forgets a setting.')
    .addArgument(setting())
    .action((name) => unsetConfig(readEnvOnce().configFile, name, json()))

  program
    .command('completion')
    .description('Prints what makes a shell complete commands and options; --help says where to put it.')
    .addArgument(program.createArgument('<shell>', 'which one').choices(shells))
    .addHelpText('after', completionHelp)
    .action((shell) => completion(program, shell, json()))

  return program
}

/** What is said of one language or voice, or of all of them. */
const orAll = (value: string | undefined) => (value === 'all' ? null : value)

function number(value: string): number {
  const parsed = Number(value)
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It must be a number.')
  return parsed
}

function count(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(value)
}

const counts = (value: string, before: readonly number[] = []): readonly number[] => [...before, count(value)]

function daysOrNever(value: string): number | 'never' {
  return value === 'never' ? value : count(value)
}

function dollarsOrNone(value: string): number | 'none' {
  return value === 'none' ? value : number(value)
}
