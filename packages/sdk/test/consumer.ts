import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const sdk = path.join(import.meta.dirname, '..')
const tsc = path.join(sdk, '../../node_modules/.bin/tsc')

/** An empty project with the packed SDK and the packages that it asks for. */
export interface Consumer extends AsyncDisposable {
  readonly directory: string
  /** What `npm pack` made. */
  readonly tarball: string
  /** Where the SDK is installed. */
  readonly installed: string
  /** What is in the package. */
  readonly files: readonly string[]
  write(files: Readonly<Record<string, string>>): Promise<void>
  /** @returns what the compiler complains of: nothing when all is well. */
  typecheck(files: readonly string[], options?: object): Promise<string>
}

/** Further packages that consumers have, and what of it they ask the SDK's own for. */
const companions = ['@types/node', '@types/react', '@types/react-dom', 'react-dom']

export async function installPacked(): Promise<Consumer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'loqui-sdk-consumer-'))
  const installed = path.join(directory, 'node_modules/@loqui/sdk')
  // What `npm test` has built is what is packed: a build here would pull it from under tests beside this one.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory]
  const packed = await run('npm', pack, { cwd: sdk })
  const [tarball] = Object.values(
    JSON.parse(packed.stdout) as Record<string, { filename: string; files: { path: string }[] }>,
  )
  if (!tarball) throw new Error('npm packed nothing')
  await mkdir(installed, { recursive: true })
  const archive = path.join(directory, path.basename(tarball.filename))
  await run('tar', ['-xzf', archive, '-C', installed, '--strip-components=1'])
  const { dependencies, peerDependencies } = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8'))
  for (const name of [...Object.keys({ ...dependencies, ...peerDependencies }), ...companions]) {
    const link = path.join(directory, 'node_modules', name)
    await mkdir(path.dirname(link), { recursive: true })
    await symlink(await realpath(path.join(sdk, 'node_modules', name)), link)
  }
  const write = async (written: Readonly<Record<string, string>>) => {
    for (const [name, content] of Object.entries(written)) {
      await mkdir(path.dirname(path.join(directory, name)), { recursive: true })
      await writeFile(path.join(directory, name), content)
    }
  }
  await write({ 'package.json': '{ "type": "module" }' })
  return {
    directory,
    tarball: archive,
    installed,
    files: tarball.files.map((file) => file.path),
    write,
    async typecheck(included, options = {}) {
      const compilerOptions = {
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        target: 'es2023',
        lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
        module: 'esnext',
        moduleResolution: 'bundler',
        types: [],
        ...options,
      }
      await write({ 'tsconfig.json': JSON.stringify({ compilerOptions, files: included }) })
      const { stdout } = await run(tsc, ['-p', directory]).catch((error: { stdout: string }) => error)
      return stdout
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Every Node that is at hand, by version: the one that runs this, and those on the path. */
export async function findNodes(): Promise<Map<string, string>> {
  const onPath = (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, 'node'))
  const found = new Map<string, string>()
  for (const file of [process.execPath, ...onPath.filter((candidate) => existsSync(candidate))]) {
    const version = (await run(file, ['--version'])).stdout.trim()
    if (!found.has(version)) found.set(version, file)
  }
  return found
}
