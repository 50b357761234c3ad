import { execFile } from 'node:child_process'
import { copyFile, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { bundlePage, pages } from '../../packages/sdk/scripts/size.ts'
import { installPacked } from '../../packages/sdk/test/consumer.ts'
import { root } from '../start/root.ts'
import type { Measurement, Result } from './goal.ts'
import { now } from './now.ts'
import { interleave } from './rounds.ts'

/**
 * P15 and P16 of the goals: what `@loqui/sdk` costs those who use it, against the `openai` package in the same project.
 *
 * **P15** is what a page loads for `new Loqui().speak()` before it does anything, bundled for browsers, minified and gzipped,
 * against `new OpenAI().audio.speech.create()` by the same bundler. The goal is 20 kB.
 *
 * **P16** is how long the compiler takes, from its start to its end, for a file that calls every method of the SDK, `trpc` among
 * them, against one that makes six calls of OpenAI's. Neither looks into declarations more than it must (`skipLibCheck`).
 */
export const sdk: Measurement = {
  ids: ['P15', 'P16'],
  async run(bench, ids) {
    await using consumer = await installPacked()
    const { directory } = consumer
    await symlink(await realpath(path.join(root, 'node_modules/openai')), path.join(directory, 'node_modules/openai'))
    const results: Result[] = []
    if (ids.includes('P15')) {
      const ours = await bundlePage(directory, pages.speak.code)
      const theirs = await bundlePage(
        directory,
        `import OpenAI from 'openai'
        const speech = await new OpenAI().audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Hello.' })
        console.log(speech.body)`,
      )
      results.push({
        id: 'P15',
        what: 'a page that speaks, minified and gzipped',
        unit: 'bytes',
        baseline: 'openai',
        goal: { atMost: pages.speak.most / theirs.bytes },
        rounds: [{ ours: ours.bytes, baseline: theirs.bytes }],
      })
    }
    if (ids.includes('P16')) {
      const ours = await project(directory, 'loqui', path.join(root, 'packages/sdk/test/every-method.ts'))
      const theirs = await project(directory, 'openai', path.join(import.meta.dirname, 'openai-consumer.ts'))
      const rounds = await interleave(bench, { ours, theirs })
      results.push({
        id: 'P16',
        what: 'type-checking every method of the SDK',
        unit: 'ms',
        baseline: 'openai, six calls',
        goal: { atMost: 1 },
        rounds: rounds.map((round) => ({ ours: round.ours, baseline: round.theirs })),
        details: { instantiations: { ours: await instantiations('loqui'), theirs: await instantiations('openai') } },
      })
    }
    return results

    async function instantiations(name: string): Promise<number> {
      const { stdout } = await compile(path.join(directory, name), ['--extendedDiagnostics'])
      return Number(/^Instantiations:\s+(\d+)/m.exec(stdout)?.[1])
    }
  },
}

/** A project of one file. @returns what compiles it once and says how long that took, in milliseconds. */
async function project(directory: string, name: string, file: string): Promise<() => Promise<number>> {
  const folder = path.join(directory, name)
  await mkdir(folder)
  await copyFile(file, path.join(folder, 'consumer.ts'))
  const compilerOptions = {
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    types: [],
  }
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
  return async () => {
    const started = now()
    await compile(folder)
    return now() - started
  }
}

const compile = (folder: string, options: readonly string[] = []) =>
  promisify(execFile)(path.join(root, 'node_modules/.bin/tsc'), ['-p', folder, ...options])
