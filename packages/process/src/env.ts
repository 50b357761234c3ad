import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'

/** The variables that a server and a worker have in common. */
export const commonVariables = {
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: 'must be an address such as postgres://user:password@localhost:5432/loqui',
  }),
  LOQUI_DATA_DIR: z.string().default('.loqui'),
  STORAGE_URL: z.string().optional(),
  SECRET_KEY: z.string('must be set: links are signed with it'),
  PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'must be an address such as https://voice.example.com' }).optional(),
  REPLICATE_API_TOKEN: z.string().optional(),
  REPLICATE_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be an address such as https://api.replicate.com/v1' })
    .optional(),
  OPENAI_TTS_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be an address such as http://localhost:8880/v1' })
    .optional(),
  OPENAI_TTS_API_KEY: z.string().optional(),
  OPENAI_TTS_MODEL: z.string().optional(),
  OPENAI_TTS_VOICES: z.string().optional(),
  OPENAI_TTS_PRICE: z.coerce
    .number('must be a number: US dollars for a thousand characters')
    .min(0)
    .max(1_000)
    .default(0),
  ESPEAK_COMMAND: z.string().optional(),
  PATH: z.string().default(''),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
}

type CommonValues = z.output<z.ZodObject<typeof commonVariables>>

export interface CommonEnv {
  readonly databaseUrl: string
  /** Absolute. */
  readonly dataDirectory: string
  readonly storageUrl: string
  readonly secret: Uint8Array
  /** How Chatterbox is spoken with; `null`: not at all. */
  readonly replicate: ReplicateEnv | null
  /** The OpenAI-compatible TTS server that is spoken with; `null`: none. */
  readonly openaiTts: OpenaiTtsEnv | null
  /** What is started to speak more languages; `null`: nothing. */
  readonly espeak: EspeakEnv | null
  readonly logLevel: string
}

export interface ReplicateEnv {
  readonly token: string
  /** With `/v1`; `undefined`: Replicate's own. */
  readonly baseUrl: string | undefined
  /** Where Replicate tells that something has ended, where that is https; `undefined`: nowhere. */
  readonly publicUrl: string | undefined
}

export interface OpenaiTtsEnv {
  readonly baseUrl: string
  readonly apiKey: string | undefined
  readonly model: string | undefined
  /** `undefined`: what the server lists. */
  readonly voices: readonly string[] | undefined
  /** In micro-dollars. */
  readonly microsPerCharacter: number
}

export interface EspeakEnv {
  /** A program and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** Where programs are looked for. */
  readonly path: string
}

export function toCommonEnv(values: CommonValues): CommonEnv {
  const dataDirectory = path.resolve(values.LOQUI_DATA_DIR)
  return {
    databaseUrl: values.DATABASE_URL,
    dataDirectory,
    storageUrl: values.STORAGE_URL ?? pathToFileURL(path.join(dataDirectory, 'audio')).href,
    secret: Buffer.from(values.SECRET_KEY),
    replicate: toReplicateEnv(values),
    openaiTts: toOpenaiTtsEnv(values),
    espeak: toEspeakEnv(values),
    logLevel: values.LOG_LEVEL,
  }
}

function toReplicateEnv(values: CommonValues): ReplicateEnv | null {
  const { REPLICATE_API_TOKEN: token, REPLICATE_BASE_URL: baseUrl, PUBLIC_URL: publicUrl } = values
  if (token === undefined) return null
  return { token, baseUrl: baseUrl?.replace(/\/$/, ''), publicUrl }
}

function toOpenaiTtsEnv(values: CommonValues): OpenaiTtsEnv | null {
  const { OPENAI_TTS_BASE_URL: baseUrl, OPENAI_TTS_VOICES: list } = values
  if (baseUrl === undefined) return null
  const voices = list
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  return {
    baseUrl: baseUrl.replace(/\/$/, ''),
    apiKey: values.OPENAI_TTS_API_KEY,
    model: values.OPENAI_TTS_MODEL,
    voices: voices && voices.length > 0 ? voices : undefined,
    // Dollars for a thousand are thousands of millionths for one.
    microsPerCharacter: values.OPENAI_TTS_PRICE * 1_000,
  }
}

function toEspeakEnv({ ESPEAK_COMMAND: line = '', PATH: path }: CommonValues): EspeakEnv | null {
  const command = toCommand('ESPEAK_COMMAND', line)
  return command && { command, path }
}

/**
 * A command line as it is typed, without a shell: words between spaces, quoted where they have some.
 *
 * @throws {EnvError} for a quote that does not end.
 */
function toCommand(variable: string, line: string): [string, ...string[]] | null {
  const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*'|["'])+/g) ?? []
  const [command, ...rest] = words.map((word) => {
    const bare = word.replace(/"[^"]*"|'[^']*'/g, '')
    if (/["']/.test(bare)) throw new EnvError(`${variable} must be a command line, and has a quote that does not end`)
    return word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2')
  })
  return command === undefined ? null : [command, ...rest]
}

/** The environment is not what a process needs. `message` has a line for each variable, and never a value. */
export class EnvError extends Error {
  override readonly name = 'EnvError'
}

/** @throws {EnvError} */
export function parseVariables<Schema extends z.ZodType>(
  schema: Schema,
  variables: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  // A variable set to nothing is one not set: that is what `PORT= npm start` means.
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  throw new EnvError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n'))
}

/** Reads the environment of this process, once, or ends it with what is wrong. */
export function envOrExit<Env>(read: (variables: NodeJS.ProcessEnv) => Env): Env {
  try {
    return read(process.env)
  } catch (error) {
    if (!(error instanceof EnvError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

/**
 * Waits for what a variable names, or ends this process with why it cannot be used. An error about that is one whose message
 * begins with the variable's name and holds no secret.
 */
export async function openedOrExit<Opened>(opening: Promise<Opened>): Promise<Opened> {
  try {
    return await opening
  } catch (error) {
    if (!(error instanceof Error && /^[A-Z][A-Z0-9_]+ /.test(error.message))) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}
