import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

/** What a bundler makes of a page's code. */
export interface Bundle {
  /** All that could ever be loaded. */
  readonly code: string
  /** What the bundler complains of. */
  readonly complaints: readonly string[]
  /** The files that are loaded before the page does anything. */
  readonly first: readonly string[]
  /** Theirs, minified and gzipped. */
  readonly bytes: number
}

/** Bundles a page for browsers. @param directory where the packages are that it imports. */
export async function bundlePage(directory: string, code: string): Promise<Bundle> {
  const input = path.join(directory, 'page.js')
  await writeFile(input, code)
  const complaints: string[] = []
  const built = await rolldown({ input, platform: 'browser', onLog: (_level, { message }) => complaints.push(message) })
  const { output } = await built.generate({ format: 'es', minify: true })
  await built.close()
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])))
  const first = new Set<string>()
  const load = (name: string) => {
    if (first.has(name)) return
    first.add(name)
    for (const imported of chunks.get(name)?.imports ?? []) load(imported)
  }
  for (const chunk of chunks.values()) if (chunk.isEntry) load(chunk.fileName)
  const bytes = [...first].reduce((sum, name) => sum + gzipSync(chunks.get(name)?.code ?? '').length, 0)
  return { code: [...chunks.values()].map((chunk) => chunk.code).join('\n'), complaints, first: [...first], bytes }
}

/** What pages do, and how many bytes they may load for it. */
export const pages = {
  speak: {
    most: 20_000,
    code: `
      import { Loqui } from '@loqui/sdk'
      const speech = await new Loqui().speak({ text: 'Hello.', voiceId: 'stella' })
      console.log(speech.body)`,
  },
  upload: {
    most: 20_000,
    code: `
      import { Loqui } from '@loqui/sdk'
      await new Loqui().samples.upload(new Blob([]))`,
  },
  webhook: {
    most: 2_000,
    code: `
      import { verifyWebhook } from '@loqui/sdk/webhooks'
      export default { fetch: (request) => verifyWebhook(request, 'whsec_bG9xdWk=') }`,
  },
} as const
