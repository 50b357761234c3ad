import { execFile } from 'node:child_process'
import { copyFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'
import { type Plugin, rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'

const sdk = path.join(import.meta.dirname, '..')
/** Built beside `dist` and put in its place when it is whole: others read that meanwhile. */
const built = path.join(sdk, 'dist.new')
const dist = path.join(sdk, 'dist')
const tsc = path.join(sdk, '../../node_modules/.bin/tsc')

/**
 * Its peers are exact versions of the tRPC client, older than ours, so npm would refuse to install the two side by side.
 * It comes inside the SDK instead; NOTICE names it.
 */
const bundled = '@trpc/tanstack-react-query'
const bundledEntry = fileURLToPath(import.meta.resolve(bundled))

await rm(built, { recursive: true, force: true })
await promisify(execFile)(tsc, ['-p', path.join(sdk, 'tsconfig.build.json'), '--outDir', built])
await copyFile(path.join(sdk, 'src/api.d.ts'), path.join(built, 'api.d.ts'))
await bundleInto('react.js', bundledEntry, [], "'use client'")
await bundleInto('react.d.ts', bundledEntry.replace(/\.mjs$/, '.d.mts'), [dts()])
await bundleBrowser()
await rm(dist, { recursive: true, force: true })
await rename(built, dist)

async function bundleInto(name: string, library: string, plugins: Plugin[] = [], banner = ''): Promise<void> {
  const file = path.join(built, name)
  const bundle = await rollup({
    input: file,
    external: (specifier) => ![bundled, file, library].includes(specifier),
    plugins: [{ name: 'bundled', resolveId: (specifier) => (specifier === bundled ? library : null) }, ...plugins],
  })
  await bundle.write({ file, format: 'es', banner })
  await bundle.close()
}

/** The whole client with what it needs in one file, for pages that have no bundler. */
async function bundleBrowser(): Promise<void> {
  const bundle = await rolldown({ input: path.join(built, 'index.js'), platform: 'browser' })
  const file = path.join(built, 'browser.js')
  await bundle.write({ file, format: 'es', minify: true, codeSplitting: false })
  await bundle.close()
  await writeFile(path.join(built, 'browser.d.ts'), "export * from './index.js'\n")
}
