import type { RunningProcess } from '@loqui/process/testing'
import type { Transfer, TransferAnswer } from './transfer.ts'
import type { Watched } from './watch.ts'

/** What transfers came to, and what a server went through for them. */
export interface TransferFigures extends TransferAnswer, Pick<Watched, 'stalledMs' | 'busyMs'> {
  /** The most that was resident of the server. */
  readonly rssMiB: number
  /** CPU time of the server for one of them. */
  readonly cpuMs: number
}

/**
 * @param client a `transfer.child.ts`.
 * @param server a process that has loaded `watch.preload.ts`.
 */
export async function measureTransfer(
  client: RunningProcess,
  server: RunningProcess,
  transfer: Transfer,
): Promise<TransferFigures> {
  await server.ask({})
  const answer = (await client.ask(transfer)) as TransferAnswer
  const { rssBytes, cpuMicros, ...watched } = (await server.ask({})) as Watched
  return { ...answer, ...watched, rssMiB: rssBytes / 2 ** 20, cpuMs: cpuMicros / 1_000 / transfer.count }
}
