import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * `npm run sdk:publish`, in the workflow that releases: publishes what has a version that is not on npm yet. Its manifest gets
 * to name the repository that is being built, as npm's provenance asks; whoever forks this publishes from theirs.
 *
 * @throws {Error} outside of such a workflow, where nothing could vouch for what is published.
 */
const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env
if (!server || !repository)
  throw new Error('The SDK is published by .github/workflows/release.yml, which signs for it.')

const file = path.join(import.meta.dirname, '../package.json')
const manifest = await readFile(file, 'utf8')
const named = {
  ...JSON.parse(manifest),
  repository: { type: 'git', url: `git+${server}/${repository}.git`, directory: 'packages/sdk' },
}
await writeFile(file, `${JSON.stringify(named, null, 2)}\n`)
try {
  const changeset = path.join(import.meta.dirname, '../../../node_modules/.bin/changeset')
  process.exitCode = spawnSync(changeset, ['publish'], { stdio: 'inherit' }).status ?? 1
} finally {
  await writeFile(file, manifest)
}
