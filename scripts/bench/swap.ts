import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../start/root.ts'

/**
 * Lets one module of a process be another: everything else is what people run, wired as they run it. For a `.preload.ts`.
 *
 * @param importer the file whose import is answered differently, from the root of the repository.
 * @param specifier what it imports, as it is written there.
 * @param file what it gets instead, in this folder.
 */
export function swap(importer: string, specifier: string, file: string): void {
  const parent = pathToFileURL(join(root, importer)).href
  const url = pathToFileURL(join(import.meta.dirname, file)).href
  registerHooks({
    resolve: (asked, context, next) =>
      asked === specifier && context.parentURL === parent ? { url, shortCircuit: true } : next(asked, context),
  })
}
