import { type Config, configNames, readConfig, writeConfig } from '../config.ts'
import { UsageError } from '../failure.ts'
import { note, print, printJson } from '../print.ts'
import { readText } from '../text.ts'

type Name = (typeof configNames)[number]

/** What is kept, a key only by its beginning. */
export function showConfig(file: string, json: boolean): void {
  const { apiKey, ...config } = readConfig(file)
  const shown = { ...config, ...(apiKey !== undefined && { apiKey: `${apiKey.slice(0, 17)}…` }) }
  if (json) {
    printJson({ file, ...shown })
    return
  }
  note(file)
  print(configNames.flatMap((name) => (shown[name] === undefined ? [] : [`${name}\t${shown[name]}`])))
}

/** Keeps a setting, of which standard input says the value where none is given: a shell would remember a key. */
export async function setConfig(file: string, name: Name, given: string | undefined, json: boolean): Promise<void> {
  const value = given ?? (await readText([], undefined)).trim()
  if (value === '') throw new UsageError(`Give ${name} a value, or say \`loqui config unset ${name}\`.`)
  await change(file, { ...readConfig(file), [name]: value }, `${name} is kept`, json)
}

export async function unsetConfig(file: string, name: Name, json: boolean): Promise<void> {
  const { [name]: _former, ...others } = readConfig(file)
  await change(file, others, `${name} is forgotten`, json)
}

async function change(file: string, config: Config, what: string, json: boolean): Promise<void> {
  await writeConfig(file, config)
  if (json) showConfig(file, json)
  else note(`${file}: ${what}.`)
}
