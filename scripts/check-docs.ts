import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/**
 * Holds the documentation to the repository: every relative link leads somewhere, every heading linked to exists, every
 * link to a line (`#L12`) to one that says what the link is called, and
 * README.md names every command of package.json and every variable that an env.ts reads.
 */
const root = resolve(import.meta.dirname, '..')
const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })]

const read = (path: string) => readFileSync(join(root, path), 'utf8')

function headings(markdown: string): Set<string> {
  const titles = [...markdown.matchAll(/^#+ +(.+)$/gm)].map(([, title = '']) => title)
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  )
}

/** What is wrong with a link to a line: lines move, what they say stays. */
function movedLine(file: string, name: string, line: number): string | undefined {
  const lines = read(file).split('\n')
  if (lines[line - 1]?.includes(name)) return undefined
  const found = lines.flatMap((text, index) => (text.includes(name) ? index + 1 : []))
  return `“${name}” is not on line ${line} of ${file}, but on ${found.join(', ') || 'none'}`
}

function brokenLinks(page: string): string[] {
  return [...read(page).matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)]
    .map(([, text = '', target = '']) => ({ text, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .flatMap(({ text, target }) => {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, file))) return [`${page}: ${target} leads nowhere`]
      if (anchor && file.endsWith('.md') && !headings(read(file)).has(anchor))
        return [`${page}: ${target} names no heading`]
      const line = Number(/^L(\d+)$/.exec(anchor ?? '')?.[1])
      const moved = line > 0 ? movedLine(file, text.replaceAll('`', ''), line) : undefined
      return moved === undefined ? [] : [`${page}: ${moved}`]
    })
}

function unnamedCommands(readme: string): string[] {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  return Object.keys(scripts)
    .filter((name) => !/^(pre|post)/.test(name))
    .filter((name) => !new RegExp(`npm (run )?${name}\\b`).test(readme))
    .map((name) => `README.md does not name the command npm run ${name}`)
}

function unnamedVariables(readme: string): string[] {
  const files = globSync('{apps,packages,scripts}/**/env.ts', {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  })
  const names = files.flatMap((file) =>
    [...read(file).matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name = '']) => name),
  )
  return [...new Set(names)]
    .filter((name) => !readme.includes(`\`${name}\``))
    .map((name) => `README.md does not name the variable ${name}`)
}

const readme = read('README.md')
const problems = [...pages.flatMap(brokenLinks), ...unnamedCommands(readme), ...unnamedVariables(readme)]
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`${pages.length} pages: every link, command and variable is right`)
