import type { OpenSource } from './source.ts'

/** The part of `node:fs/promises` that is needed: the types that are published know nothing of Node. */
interface Files {
  stat(path: string | URL): Promise<{ readonly size: number; isFile(): boolean }>
  open(path: string | URL): Promise<{
    read(buffer: Uint8Array): Promise<{ readonly bytesRead: number }>
    close(): Promise<void>
  }>
}

const pieceBytes = 64 << 10

/**
 * Reads what is at a path as it is needed. Each time it is read it is opened again.
 *
 * @throws {TypeError} where there is no disk; what Node says of a path at which there is nothing.
 */
export async function openPath(path: string | URL): Promise<OpenSource> {
  const files = findFiles()
  const found = await files.stat(path)
  const isFile = found.isFile()
  return {
    name: (typeof path === 'string' ? path : decodeURIComponent(path.pathname)).split(/[/\\]/).at(-1),
    // A pipe or a device is as long as what comes out of it, and comes once.
    bytes: isFile ? found.size : null,
    repeatable: isFile,
    async *read() {
      const file = await files.open(path)
      try {
        for (;;) {
          const piece = new Uint8Array(pieceBytes)
          const { bytesRead } = await file.read(piece)
          if (bytesRead === 0) return
          yield piece.subarray(0, bytesRead)
        }
      } finally {
        await file.close()
      }
    },
  }
}

/** Asked of the running process rather than imported: bundlers for browsers would look for what is imported. */
function findFiles(): Files {
  // TypeScript knows Node's globals only where its types are installed, which they are not for browsers.
  const { process } = globalThis as { readonly process?: { getBuiltinModule?(id: 'node:fs/promises'): Files } }
  const files = process?.getBuiltinModule?.('node:fs/promises')
  if (files) return files
  throw new TypeError(
    'A string or URL is the path of a file, which only Node 20.16 and later, Bun and Deno can read: in a browser give the File itself.',
  )
}
