import { configDefaults, defineConfig } from 'vitest/config'

const exclude = [...configDefaults.exclude, '**/dist/**']
const files = '**/*.test.{ts,tsx}'

export default defineConfig({
  test: {
    // Much of what is tested waits for processes and clocks; one file at a time would leave a core idle.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: [
            `packages/{audio,engines,fake-replicate,process,storage,sdk}/src/${files}`,
            `apps/{web,cli}/src/${files}`,
          ],
          exclude,
        },
      },
      {
        extends: true,
        test: {
          name: 'database',
          include: [
            `{db,scripts}/${files}`,
            `packages/{core,api}/src/${files}`,
            `apps/{server,worker}/src/${files}`,
            `{packages/sdk,apps/cli}/test/${files}`,
          ],
          exclude,
          globalSetup: ['./scripts/test-database.ts'],
        },
      },
    ],
  },
})
