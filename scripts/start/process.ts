import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { platform } from 'node:os'
import { promisify } from 'node:util'

/** Whether a process with this number runs and its command line contains `command`: numbers come to belong to others. */
export async function isRunning({
  pid,
  command,
}: {
  readonly pid: number
  readonly command: string
}): Promise<boolean> {
  return (await commandLine(pid)).includes(command)
}

/** Empty when there is no such process, or only the entry of a dead one. */
async function commandLine(pid: number): Promise<string> {
  if (platform() === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  return stdout
}
