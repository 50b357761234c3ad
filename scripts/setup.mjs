// What `npm start` and `npm test` do first, on a machine with nothing but Node 20 and npm: installs the packages that
// pnpm-lock.yaml names, the Node that runs everything else among them, if that has not been done since they changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const done = join(modules, '.loqui-setup')
const lock = join(modules, '.loqui-setup.lock')

function wanted() {
  const folders = ['', 'db', ...['packages', 'apps'].flatMap((parent) => below(parent))]
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...folders.map((folder) => join(folder, 'package.json'))]
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  for (const file of files) if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function below(parent) {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(parent, entry.name))
    .sort()
}

function isDone(hash) {
  return existsSync(join(modules, '.bin/node')) && existsSync(done) && readFileSync(done, 'utf8') === hash
}

/** Waits until no other setup is at work in this folder, and keeps others waiting. */
function takeLock() {
  mkdirSync(modules, { recursive: true })
  for (let told = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
    if (holder && !isAlive(holder)) rmSync(lock, { force: true })
    else if (!told) {
      console.log('Waiting for another setup of this folder to end …')
      told = true
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function install(hash) {
  console.log('Installing packages …')
  const { status, signal, error } = spawnSync(
    process.execPath,
    [join(root, 'scripts/pnpm.mjs'), 'install', '--frozen-lockfile', '--config.confirm-modules-purge=false'],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (status === 0) {
    writeFileSync(done, hash)
    return 0
  }
  if (!signal) {
    const cause = error ? ` (${error.message})` : ''
    console.error(`The packages could not be installed${cause}: see above; a package registry must be in reach.`)
  }
  return 1
}

function explain(error) {
  switch (error.code) {
    case 'ENOSPC':
      return `The disk that holds ${root} is full: free some space and start again.`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `The packages cannot be installed, because ${modules} may not be written to: run this as the owner of ${root}.`
    default:
      return error.stack
  }
}

try {
  const hash = wanted()
  if (!isDone(hash)) {
    takeLock()
    try {
      process.exitCode = isDone(hash) ? 0 : install(hash)
    } finally {
      rmSync(lock, { force: true })
    }
  }
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}
