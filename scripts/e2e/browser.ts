import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const installed = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium']

/** A page may play sound without a click, and the browser stays off the network. */
const args = [
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-networking',
  '--disable-component-update',
]

/**
 * Starts a real browser: one that is installed, or else the one that npm brought, so that the tests need nothing but
 * Node. `LOQUI_CHROMIUM` names another, or `bundled`.
 */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.LOQUI_CHROMIUM || installed.find((path) => existsSync(path)) || 'bundled'
  if (executablePath === 'bundled') return launchBundled()
  // A browser of root has no sandbox to be in.
  return chromium.launch({ executablePath, args: userInfo().uid === 0 ? [...args, '--no-sandbox'] : args })
}

async function launchBundled(): Promise<Browser> {
  // The package unpacks into a fixed name below the temporary directory, where another user's copy cannot be run.
  const directory = join(tmpdir(), `loqui-browser-${userInfo().uid}`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { TMPDIR, AWS_LAMBDA_JS_RUNTIME } = process.env
  // As in a Lambda it then brings the shared libraries too that a bare machine lacks.
  Object.assign(process.env, { TMPDIR: directory, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' })
  try {
    const { default: bundled } = await import('@sparticuz/chromium')
    const executablePath = await bundled.executablePath()
    // The walls between origins are part of what is tested.
    const kept = bundled.args.filter((arg) => !/disable-web-security|allow-running-insecure-content/.test(arg))
    return await chromium.launch({ executablePath, args: [...kept, ...args] })
  } finally {
    restore('TMPDIR', TMPDIR)
    restore('AWS_LAMBDA_JS_RUNTIME', AWS_LAMBDA_JS_RUNTIME)
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
