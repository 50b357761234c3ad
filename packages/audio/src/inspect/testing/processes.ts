import { readdir, readFile, readlink } from 'node:fs/promises'
import { platform } from 'node:os'

/** Processes that a process has started and that still run; where the system does not tell, none. */
export async function childrenOf(pid: number): Promise<number[]> {
  if (platform() !== 'linux') return []
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const parents = await Promise.all(all.map(async (name) => ({ child: Number(name), parent: await parentOf(name) })))
  return parents.filter(({ parent }) => parent === pid).map(({ child }) => child)
}

/** What files, pipes and sockets this process has open; where the system does not tell, nothing. */
export async function openDescriptors(): Promise<string[]> {
  if (platform() !== 'linux') return []
  const names = await readdir('/proc/self/fd')
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  // One of them was the list itself.
  return targets.filter((target) => target !== '').toSorted()
}

/** Its fourth field, behind a name in brackets that may hold anything. A process that is gone has none. */
async function parentOf(pid: string): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === undefined || state === 'Z' ? undefined : Number(parent)
}
