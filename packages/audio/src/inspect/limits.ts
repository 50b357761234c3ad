/** What a file may be and what finding that out may cost. */
export const limits = {
  /** The least and the most of audio that is taken, in milliseconds. */
  minMs: 1000,
  maxMs: 15 * 60_000,
  /** In hertz. */
  minRate: 8_000,
  maxRate: 192_000,
  maxChannels: 8,
  /**
   * How many samples, of all channels, a file may decode to: as many as fifteen minutes at 48 kHz in stereo have, and 64
   * more for each byte of it. Speech in Opus at 6 kbit/s decodes to 64 for a byte; far beyond it is what only bombs do.
   */
  freeSamples: 100_000_000,
  samplesPerByte: 64,
  /** From the start of the process to its answer, in milliseconds. */
  wallMs: 15_000,
  /** Of one process, in seconds. */
  cpuSeconds: 13,
  /** Of one process, in bytes: of JavaScript, and of everything. */
  heapBytes: 192 * 2 ** 20,
  memoryBytes: 512 * 2 ** 20,
  /** What V8 reserves for code and stacks without using it, which the kernel counts all the same. */
  reservedBytes: 768 * 2 ** 20,
  /** The longest answer that is read from a process, in bytes. */
  answerBytes: 65_536,
}
