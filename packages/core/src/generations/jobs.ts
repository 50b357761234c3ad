import { defineJob } from '@loqui/db/queue'

/** Runs one generation from wherever it stands to its end. */
export const runGenerationJob = defineJob<{ generationId: string }>({
  name: 'generation.run',
  key: ({ generationId }) => generationId,
})
