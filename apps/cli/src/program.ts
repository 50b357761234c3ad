import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import type { GenerationSummary, Loqui, Scope, Voice } from '@loqui/sdk'
import manifest from '../package.json' with { type: 'json' }
import { audioFormats } from './audio-file.ts'
import { adminCreate, adminPlan, adminUser } from './commands/admin.ts'
import { createKey, listKeys, revokeKey } from './commands/keys.ts'
import { list } from './commands/list.ts'
import { say } from './commands/say.ts'
import { usage } from './commands/usage.ts'
import { voices } from './commands/voices.ts'
import { connect } from './connect.ts'
import { type Env, readEnv } from './env.ts'
import { UsageError } from './failure.ts'

const genders: readonly Voice['gender'][] = ['female', 'male', 'neutral']
const states: readonly GenerationSummary['state'][] = ['queued', 'running', 'succeeded', 'failed', 'canceled']
const scopes: readonly Scope[] = [
  'generations:read',
  'generations:write',
  'voices:read',
  'usage:read',
  'keys:read',
  'keys:write',
  'admin',
]
const roles = ['user', 'admin'] as const

const examples = `
Examples:
  $ loqui say "Hello" -o hello.wav
  $ loqui say --file chapter.txt --voice Stella -o chapter.mp3
  $ echo "Hello" | loqui say | aplay

Which Loqui, and who asks: --url and --api-key, else LOQUI_URL and LOQUI_API_KEY, else credentials.json in
LOQUI_DATA_DIR or in .loqui here or above, where \`npm start\` has written it.

Exit codes: 0 done, 1 refused or failed, 2 called wrongly, 130 interrupted.`

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
    .option('-v, --voice <name>', 'its name or id (default: the first of `loqui voices`)')
    .option('--speed <factor>', "pace against the voice's own, 0.25 to 4", number)
    .option('--pitch <semitones>', 'shift, -12 to 12', number)
    .option('--title <title>', 'a name for people')
    .option('-q, --quiet', 'show no progress')
    .action((words, options) => say(client, words, { ...options, json: json() }))

  program
    .command('voices')
    .description('Lists what can speak.')
    .addOption(new Option('--gender <gender>').choices(genders))
    .option('--language <tag>', 'such as en or en-US')
    .option('--engine <engine>', 'such as offline')
    .action((filter) => voices(client(), filter, json()))

  program
    .command('list')
    .description('Lists generations, the newest first.')
    .addOption(new Option('--state <state>').choices(states))
    .option('--limit <number>', 'how many', count, 20)
    .action((options) => list(client(), options, json()))

  program
    .command('usage')
    .description('Shows what was used and what is left in this period.')
    .action(() => usage(client(), json()))

  const keys = program.command('keys').description('Makes, lists and revokes API keys.')
  keys
    .command('create')
    .description('Makes a key and prints it: it is shown this once.')
    .argument('<name>', 'for people, to tell it from others')
    .addOption(
      new Option('--scope <scope...>', 'what it may do (default: speak, and read voices and usage)').choices(scopes),
    )
    .option('--expires <days>', 'days until it expires, or never (default: 90)', daysOrNever)
    .action((name, { scope, expires }) =>
      createKey(client(), { name, scopes: scope, expiresInDays: expires === 'never' ? null : expires }, json()),
    )
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
    .command('user')
    .description("Changes an account's plan, role or access.")
    .argument('<user>', 'usr_…, or an e-mail address where the database can be reached')
    .option('--plan <id>', 'what it may use')
    .addOption(new Option('--role <role>').choices(roles))
    .addOption(
      new Option('--access <access>', 'disabling ends every session').choices(['enabled', 'disabled'] as const),
    )
    .addOption(databaseUrl)
    .action((user, { plan, role, access, ...options }) => {
      const disabled = access === undefined ? undefined : access === 'disabled'
      const changes = { planId: plan, role, disabled }
      return adminUser(client(), user, () => findDatabase(options.databaseUrl), changes, json())
    })

  return program
}

function number(value: string): number {
  const parsed = Number(value)
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It must be a number.')
  return parsed
}

function count(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(value)
}

function daysOrNever(value: string): number | 'never' {
  return value === 'never' ? value : count(value)
}
