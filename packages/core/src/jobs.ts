import { runGenerationJob } from './generations/jobs.ts'

/** Every kind of job there is. The worker must have a handler for each, or it does not compile. */
export const jobs = { runGeneration: runGenerationJob }
