import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{db,packages,apps,scripts}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['./scripts/test-database.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
