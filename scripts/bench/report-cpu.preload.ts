/** Loaded into a process before its main file: answers every message with the CPU time the process has used so far. */
process.on('message', () => process.send?.(process.cpuUsage()))
