import { turbo } from './start/turbo.ts'

/** Turbo for the scripts of package.json: `node scripts/turbo.ts run build`. */
const { code } = await turbo(process.argv.slice(2), { inherit: true })
process.exitCode = code
