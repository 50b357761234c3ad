import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = process.env.LOQUI_URL ?? 'http://localhost:3000'

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    // The design tokens are `light-dark()` colours in `oklch()`, which these understand without a translation.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // The server's policy allows files of its own only: no `data:` fonts.
    assetsInlineLimit: 0,
    sourcemap: true,
  },
  server: {
    port: 5173,
    proxy: {
      // The server compares Origin with its own address, so requests must come from there.
      '/trpc': { target: server, ws: true, changeOrigin: true, rewriteWsOrigin: true, headers: { origin: server } },
      '/api': { target: server, changeOrigin: true, headers: { origin: server } },
    },
  },
})
