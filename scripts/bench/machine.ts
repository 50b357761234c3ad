import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'

/** What figures were measured on, without which they mean nothing. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly postgres: string
  /** Processes that ran or waited to, on average over the minute before: what else the machine was busy with. */
  readonly loadBefore: number
}

/** @param loadBefore as `load` answers it before anything is started. */
export function describeMachine(postgres: string, loadBefore: number): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    postgres: /^PostgreSQL [\d.]+/.exec(postgres)?.[0] ?? postgres,
    loadBefore,
  }
}

export const load = (): number => loadavg()[0] ?? 0

/** Whether others wanted so much of the machine that ratios say little: who runs in many processes gets more of it. */
export const wasBusy = ({ cores, loadBefore }: Machine): boolean => loadBefore > cores / 4
