import { availableParallelism, cpus, platform, release, totalmem } from 'node:os'

/** What figures were measured on, without which they mean nothing. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly postgres: string
}

export function describeMachine(postgres: string): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    postgres: /^PostgreSQL [\d.]+/.exec(postgres)?.[0] ?? postgres,
  }
}
