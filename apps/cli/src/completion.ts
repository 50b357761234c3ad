import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { print, printJson } from './print.ts'

export const shells = ['bash', 'zsh', 'fish'] as const

type Shell = (typeof shells)[number]

/** What can follow some words of a command line. */
interface Place {
  /** The commands that lead here, such as `keys create`; of the root nothing. */
  readonly path: string
  /** Commands, choices of the first argument, and long options, with what each does. */
  readonly words: readonly Word[]
  /** What an option takes: words to choose from, or `null` for anything, such as a file. */
  readonly values: ReadonlyMap<string, readonly string[] | null>
  /** Whether a file may stand here. */
  readonly files: boolean
}

interface Word {
  readonly word: string
  readonly help: string
}

/** Prints a script that makes a shell complete what can be typed: made of the commands themselves, so that it says what they do. */
export function completion(program: CommandUnknownOpts, shell: Shell, json: boolean): void {
  const script = scripts[shell](placesOf(program))
  if (json) printJson({ shell, script })
  else print([script])
}

function placesOf(program: CommandUnknownOpts): Place[] {
  const global = program.options
  const visit = (command: CommandUnknownOpts, path: readonly string[]): Place[] => {
    const options = [...(command === program ? [] : command.options), ...global].filter(({ hidden }) => !hidden)
    const [argument] = command.registeredArguments
    const place: Place = {
      path: path.join(' '),
      words: [
        ...command.commands.map((child) => ({ word: child.name(), help: child.summary() || child.description() })),
        ...(argument?.argChoices ?? []).map((word) => ({ word, help: argument?.description ?? '' })),
        ...options.map(({ long, short, description }) => ({ word: long ?? short ?? '', help: description })),
        { word: '--help', help: 'what can be said here' },
      ],
      values: new Map(
        options.flatMap(({ long, short, required, optional, argChoices }) =>
          required || optional
            ? [long, short].flatMap((name) => (name ? [[name, argChoices ?? null] as const] : []))
            : [],
        ),
      ),
      files: command.registeredArguments.some((one) => /file/.test(one.name())),
    }
    return [place, ...command.commands.flatMap((child) => visit(child, [...path, child.name()]))]
  }
  return visit(program, [])
}

/** In single quotes nothing means anything to a shell but their end. */
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
/** fish knows an escaped quote inside of them. */
const quoteFish = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const firstSentence = (text: string) => (text.split(/\. /)[0] ?? '').replace(/\.$/, '')

/** Walks the words that are typed from place to place; `%s` stands for how a shell offers some. */
const walk = (places: readonly Place[]) => `  local place='' word
  for word in "\${typed[@]}"; do
    case "$place $word" in
${places
  .filter(({ path }) => path !== '')
  .map(({ path }) => {
    const at = path.lastIndexOf(' ')
    return `      ${quote(`${at < 0 ? '' : path.slice(0, at)} ${path.slice(at + 1)}`)}) place=${quote(path)} ;;`
  })
  .join('\n')}
    esac
  done`

const choicesOf = (places: readonly Place[]) =>
  places.flatMap(({ path, values }) => [...values].map(([option, choices]) => ({ path, option, choices })))

const scripts: Record<Shell, (places: readonly Place[]) => string> = {
  bash: (places) => `# bash completion of loqui
_loqui() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local typed=("\${COMP_WORDS[@]:1:COMP_CWORD - 1}")
${walk(places)}
  COMPREPLY=()
  case "$place $previous" in
${choicesOf(places)
  .map(({ path, option, choices }) => {
    const offered = choices ? `-W ${quote(choices.join(' '))}` : '-f'
    return `    ${quote(`${path} ${option}`)}) COMPREPLY=($(compgen ${offered} -- "$current")); return ;;`
  })
  .join('\n')}
  esac
  case "$place" in
${places
  .map(({ path, words, files }) => {
    const offered = `-W ${quote(words.map(({ word }) => word).join(' '))}${files ? ' -f' : ''}`
    return `    ${quote(path)}) COMPREPLY=($(compgen ${offered} -- "$current")) ;;`
  })
  .join('\n')}
  esac
}
complete -o filenames -F _loqui loqui`,

  zsh: (places) => `#compdef loqui
_loqui() {
  local previous=\${words[CURRENT - 1]}
  local -a typed=("\${(@)words[2,CURRENT - 1]}") offered
${walk(places)}
  case "$place $previous" in
${choicesOf(places)
  .map(({ path, option, choices }) => {
    const offer = choices ? `compadd -- ${choices.map(quote).join(' ')}` : '_files'
    return `    ${quote(`${path} ${option}`)}) ${offer}; return ;;`
  })
  .join('\n')}
  esac
  case "$place" in
${places
  .map(({ path, words, files }) => {
    const described = words.map(({ word, help }) => quote(`${word.replaceAll(':', '\\:')}:${firstSentence(help)}`))
    return `    ${quote(path)}) offered=(${described.join(' ')}); _describe loqui offered${files ? '; _files' : ''} ;;`
  })
  .join('\n')}
  esac
}
compdef _loqui loqui`,

  fish: (places) => `# fish completion of loqui
function __loqui_at
  set -l place
  for word in (commandline -opc)[2..]
    switch "$place $word"
${places
  .filter(({ path }) => path !== '')
  .map(({ path }) => {
    const at = path.lastIndexOf(' ')
    const before = quoteFish(`${at < 0 ? '' : path.slice(0, at)} ${path.slice(at + 1)}`)
    return `      case ${before}\n        set place ${quoteFish(path)}`
  })
  .join('\n')}
    end
  end
  test "$place" = "$argv[1]"
end
complete -c loqui -e
${places
  .flatMap(({ path, words, values, files }) => {
    const at = `complete -c loqui -n ${quoteFish(`__loqui_at ${quoteFish(path)}`)}`
    return [
      ...(files ? [] : [`${at} -f`]),
      ...words.map(({ word, help }) => {
        if (!word.startsWith('--')) return `${at} -a ${quoteFish(word)} -d ${quoteFish(firstSentence(help))}`
        const choices = values.get(word)
        const taken = choices ? ` -x -a ${quoteFish(choices.join(' '))}` : choices === null ? ' -r -F' : ''
        return `${at} -l ${word.slice(2)} -d ${quoteFish(firstSentence(help))}${taken}`
      }),
    ]
  })
  .join('\n')}`,
}
