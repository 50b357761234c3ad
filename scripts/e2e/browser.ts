import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { root } from '../start/root.ts'

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

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
  const directory = await unpack()
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: join(directory, 'al2023/lib'),
    FONTCONFIG_FILE: join(directory, 'fonts.conf'),
  }
  // The package's own arguments are for a Lambda: they make one process of it, without walls between origins.
  return chromium.launch({
    executablePath: join(directory, 'chromium'),
    args: [...args, '--no-sandbox', '--no-zygote'],
    env,
  })
}

/** Unpacks the browser beside the packages, once and whole, with the shared libraries that a bare machine lacks. */
async function unpack(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `npm has no browser for ${process.platform} ${process.arch}: install Chromium or Chrome, or name one in LOQUI_CHROMIUM.`,
    )
  }
  const home = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '..')
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
  const cache = join(root, 'node_modules/.cache/loqui')
  const directory = join(cache, `browser-${version}`)
  if (existsSync(directory)) return directory

  await mkdir(cache, { recursive: true })
  const aside = await mkdtemp(join(cache, 'unpacking-'))
  try {
    await inflateInto(aside, home)
    const fonts = `<fontconfig><dir>${directory}/fonts</dir><cachedir>${directory}/fonts/cache</cachedir></fontconfig>`
    await writeFile(join(aside, 'fonts.conf'), fonts)
    await chmod(aside, 0o755)
    await rename(aside, directory)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    // Another run may have been faster.
    if (!existsSync(directory)) throw error
  }
  return directory
}

/** The package unpacks into the temporary directory, whatever that is. */
async function inflateInto(directory: string, home: string): Promise<void> {
  const { TMPDIR } = process.env
  process.env.TMPDIR = directory
  try {
    const { default: bundled, inflate } = await import('@sparticuz/chromium')
    await bundled.executablePath()
    await inflate(join(home, 'bin/al2023.tar.br'))
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  }
}
