import { getHeapStatistics } from 'node:v8'

const mostOldMegabytes = 1_024
const youngMegabytes = 8

/**
 * What a worker's V8 is told of memory. What it holds lives as long as a call of a provider, too long to die young: by default,
 * which is for machines as large as this one may be, V8 keeps 64 MB for what is young, and lets what is old grow to four
 * times what is needed before it looks. With a lower bound it looks sooner.
 */
export const workerFlags: readonly string[] = [
  `--max-semi-space-size=${youngMegabytes}`,
  `--max-old-space-size=${Math.min(mostOldMegabytes, Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20))}`,
]
