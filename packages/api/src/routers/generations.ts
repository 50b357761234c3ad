import { cancelGeneration } from '@loqui/core/generations/cancel'
import { createGeneration, createGenerationInput } from '@loqui/core/generations/create'
import { deleteGeneration } from '@loqui/core/generations/delete'
import { type Estimate, estimateGeneration, estimateInput } from '@loqui/core/generations/estimate'
import type { Generation, GenerationStatus, GenerationSummary } from '@loqui/core/generations/generation'
import { getGeneration } from '@loqui/core/generations/get'
import { linkGeneration, linkGenerationInput } from '@loqui/core/generations/link'
import { listGenerations, listGenerationsInput } from '@loqui/core/generations/list'
import { type GenerationSegment, listSegments, listSegmentsInput } from '@loqui/core/generations/list-segments'
import { generationIdInput } from '@loqui/core/generations/queries'
import { retakeGeneration, retakeGenerationInput } from '@loqui/core/generations/retake'
import { generationStatus } from '@loqui/core/generations/status'
import { watchGeneration, watchGenerationInput } from '@loqui/core/generations/watch'
import type { Link } from '@loqui/core/links/link'
import type { Page } from '@loqui/core/pagination'
import type { TRPCRouterRecord } from '@trpc/server'
import { subscription } from '../subscription.ts'
import { procedure } from '../trpc.ts'

export const generations = {
  create: procedure
    .input(createGenerationInput)
    .mutation(({ ctx, input }): Promise<Generation> => createGeneration(ctx, input, ctx)),
  retake: procedure
    .input(retakeGenerationInput)
    .mutation(({ ctx, input }): Promise<Generation> => retakeGeneration(ctx, input, ctx)),
  // It changes nothing, but a query's input travels in the URL, which no book fits into.
  estimate: procedure.input(estimateInput).query(({ ctx, input }): Promise<Estimate> => estimateGeneration(ctx, input)),
  get: procedure.input(generationIdInput).query(({ ctx, input }): Promise<Generation> => getGeneration(ctx, input)),
  list: procedure
    .input(listGenerationsInput.prefault({}))
    .query(({ ctx, input }): Promise<Page<GenerationSummary>> => listGenerations(ctx, input)),
  segments: procedure
    .input(listSegmentsInput)
    .query(({ ctx, input }): Promise<Page<GenerationSegment>> => listSegments(ctx, input)),
  status: procedure
    .input(generationIdInput)
    .query(({ ctx, input }): Promise<GenerationStatus> => generationStatus(ctx, input)),
  cancel: procedure
    .input(generationIdInput)
    .mutation(({ ctx, input }): Promise<Generation> => cancelGeneration(ctx, input)),
  delete: procedure.input(generationIdInput).mutation(({ ctx, input }): Promise<void> => deleteGeneration(ctx, input)),
  link: procedure
    .input(linkGenerationInput)
    .mutation(({ ctx, input }): Promise<Link> => linkGeneration(ctx, input, ctx)),
  watch: procedure
    .input(watchGenerationInput)
    .subscription(({ ctx, input, path, signal }) =>
      subscription(ctx, path, (until) => watchGeneration(ctx, input, until), signal),
    ),
} satisfies TRPCRouterRecord
