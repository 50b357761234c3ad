import { registerHooks } from 'node:module'

/** Opens the store that it is given the address of, and says over IPC which packages it loaded for that. */
const [, , url] = process.argv
if (url === undefined) throw new Error('give an address')
const packages = new Set<string>()
registerHooks({
  resolve(specifier, context, next) {
    if (/^@?[a-z]/.test(specifier) && !/^(node|file):/.test(specifier)) packages.add(specifier)
    return next(specifier, context)
  },
})
const { createStorage } = await import('../create.ts')
await createStorage(url).catch(() => undefined)
process.send?.([...packages])
process.disconnect?.()
