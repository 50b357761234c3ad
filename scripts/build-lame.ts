import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * Builds packages/audio/lame/lame.wasm, which is kept in the repository, from LAME's sources, the patch and the C beside it: needs
 * a network, git, and a minute. With `--check` it says whether what is kept is what is built.
 */

const folder = join(import.meta.dirname, '../packages/audio/lame')
const kept = join(folder, 'lame.wasm')

/** LAME 3.99.5 as an addon for Node brings it, and Clang compiled to WebAssembly. */
const packages = {
  lame: {
    name: 'lame@1.2.4',
    integrity: 'sha512-z33fJha/XgKUvS2pCpbuxBPqhiNndkNOdNlCk7q6wWF2vkB7p8RKmPuRSeQaRKaB/mXjKkM50crC7jL2JRLWfw==',
  },
  clang: {
    name: '@yowasp/clang@22.0.0-git20542-10',
    integrity: 'sha512-V31/z9GrJECKeACTDUyvg2llbEUiFi3bxtL5HSg7H/6sydSxdI/AoVAD9F5ozrfLjotWl0B9rghR87m+DUM/zg==',
  },
}

/** What LAME's configure finds out. */
const config = `#define STDC_HEADERS 1
#define HAVE_ERRNO_H 1
#define HAVE_LIMITS_H 1
#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_STRCHR 1
#define HAVE_MEMCPY 1
#define USE_FAST_LOG 1
#define PACKAGE "lame"
typedef float ieee754_float32_t;
typedef double ieee754_float64_t;
`

// Its sums are of floats in any order, and four of them at a time.
const flags = [
  '-O3',
  '-flto',
  '-ffast-math',
  '-msimd128',
  '-w',
  '-DNDEBUG',
  '-DHAVE_CONFIG_H',
  '-I.',
  '-Iinclude',
  '-Ilibmp3lame',
]

interface Tree {
  [name: string]: Tree | string | Uint8Array
}

type Clang = (
  command: readonly string[],
  files: Tree,
  options: { readonly stderr: (bytes: Uint8Array | null) => void },
) => Promise<Tree>

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const work = await mkdtemp(join(tmpdir(), 'loqui-lame-'))
try {
  const built = await build()
  if (!values.check) await writeFile(kept, built)
  else if (!built.equals(await readFile(kept))) throw new Error('lame.wasm is not what its sources make')
  process.stdout.write(`${built.length} bytes${values.check ? ', as they are kept' : ''}\n`)
} finally {
  await rm(work, { recursive: true })
}

async function build(): Promise<Buffer> {
  const lame = join(await unpack('lame'), 'deps/lame')
  // In a folder of no repository git is a patch program that every developer has.
  execFileSync('git', ['apply', join(folder, 'lame.patch')], { cwd: lame })
  const bundle = join(await unpack('clang'), 'gen/bundle.js')
  // Its types are those of a package that is not installed here.
  const { runClang } = (await import(pathToFileURL(bundle).href)) as { runClang: Clang }
  const stderr = (bytes: Uint8Array | null) => void (bytes && process.stderr.write(bytes))
  const clang = (command: string[], files: Tree) =>
    runClang(['clang', ...command], files, { stderr }).catch(() => {
      // It has said why; what is thrown holds all the sources.
      throw new Error(`clang ${command.join(' ')} failed`)
    })
  const library = await readTexts(join(lame, 'libmp3lame'))
  const sources: Tree = {
    'config.h': config,
    'lame.c': await readFile(join(folder, 'lame.c'), 'utf8'),
    include: await readTexts(join(lame, 'include')),
    libmp3lame: { ...library, vector: await readTexts(join(lame, 'libmp3lame/vector')) },
  }
  // It decodes nothing.
  const own = Object.keys(library).filter((name) => name.endsWith('.c') && name !== 'mpglib_interface.c')
  const objects: Tree = {}
  for (const source of ['lame.c', ...own.toSorted().map((name) => `libmp3lame/${name}`)]) {
    const object = source.replace('/', '-').replace(/\.c$/, '.o')
    Object.assign(objects, await clang([...flags, '-c', source, '-o', object], sources))
  }
  const names = Object.keys(objects).filter((name) => name.endsWith('.o'))
  const linked = await clang(['-mexec-model=reactor', '-Wl,--strip-all', ...names, '-o', 'lame.wasm'], objects)
  // What the linker is told to write.
  return Buffer.from(linked['lame.wasm'] as Uint8Array)
}

/** Downloads a package, sees that it is the one that is meant, and unpacks it. */
async function unpack(which: keyof typeof packages): Promise<string> {
  const { name, integrity } = packages[which]
  const target = join(work, which)
  await mkdir(target)
  const told = execFileSync('npm', ['pack', name, '--json', '--pack-destination', target], { encoding: 'utf8' })
  // What `npm pack --json` tells of each package it was asked for.
  const [packed] = JSON.parse(told) as readonly { readonly filename: string; readonly integrity: string }[]
  if (packed?.integrity !== integrity) throw new Error(`${name} is another one than the one that was built with`)
  execFileSync('tar', ['-xzf', join(target, packed.filename), '-C', target])
  return join(target, 'package')
}

async function readTexts(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => /\.[ch]$/.test(name))
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')])),
  )
}
