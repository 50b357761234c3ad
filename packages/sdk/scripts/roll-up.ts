import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Plugin, rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'

const root = path.join(import.meta.dirname, '../../..')
const sdk = path.relative(root, path.join(import.meta.dirname, '..'))

const tsc = path.join(root, 'node_modules/.bin/tsc')

/** The file that `rollUp()` writes into. */
export const apiFile = path.join(root, sdk, 'src/api.d.ts')

const header = `// The server's types as clients see them. Made by \`npm run sdk:types\`; a test fails when it is out of date.

`

/**
 * Makes one self-contained declaration file of everything that `api.ts` names.
 *
 * @throws {Error} when something of it needs a package other than `@trpc/server`.
 */
export async function rollUp(): Promise<string> {
  const declarations = await mkdtemp(path.join(tmpdir(), 'loqui-sdk-'))
  try {
    const project = path.join(import.meta.dirname, 'tsconfig.api.json')
    await promisify(execFile)(tsc, ['-p', project, '--outDir', declarations])
    const bundle = await rollup({
      input: path.join(declarations, sdk, 'scripts/api.d.ts'),
      plugins: [workspaceDeclarations(declarations), dts()],
      external: (specifier) => !/^[./]|^@loqui\//.test(specifier),
    })
    const { output } = await bundle.generate({ format: 'es' })
    const foreign = output[0].imports.filter((specifier) => !/^@trpc\/server($|\/)/.test(specifier))
    if (foreign.length > 0) {
      throw new Error(
        `The SDK's types would need ${foreign.join(', ')}: name what they bring in an interface of the api.`,
      )
    }
    return header + output[0].code
  } finally {
    await rm(declarations, { recursive: true })
  }
}

/** Finds `@loqui/core/x` and `./x.ts` among the declarations that tsc wrote. */
function workspaceDeclarations(declarations: string): Plugin {
  return {
    name: 'workspace-declarations',
    resolveId(specifier, importer) {
      const [, name, rest] = /^@loqui\/(\w+)\/(.+)$/.exec(specifier) ?? []
      const folder = name === 'db' ? 'db' : `packages/${name}`
      // What a module declares besides its exports, such as lucia's register, is the server's own.
      if (name !== undefined)
        return { id: path.join(declarations, folder, 'src', `${rest}.d.ts`), moduleSideEffects: false }
      if (importer === undefined || !specifier.startsWith('.')) return null
      const id = path.resolve(path.dirname(importer), specifier.replace(/\.ts$/, '.d.ts'))
      return { id, moduleSideEffects: false }
    },
  }
}

if (import.meta.main) await writeFile(apiFile, await rollUp())
