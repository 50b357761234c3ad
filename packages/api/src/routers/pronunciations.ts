import type { Page } from '@loqui/core/pagination'
import { createPronunciation, createPronunciationInput } from '@loqui/core/pronunciations/create'
import { deletePronunciation } from '@loqui/core/pronunciations/delete'
import { listPronunciations, listPronunciationsInput } from '@loqui/core/pronunciations/list'
import type { Pronunciation } from '@loqui/core/pronunciations/pronunciation'
import { pronunciationIdInput } from '@loqui/core/pronunciations/queries'
import { updatePronunciation, updatePronunciationInput } from '@loqui/core/pronunciations/update'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const pronunciations = {
  create: procedure
    .input(createPronunciationInput)
    .mutation(({ ctx, input }): Promise<Pronunciation> => createPronunciation(ctx, input)),
  list: procedure
    .input(listPronunciationsInput.prefault({}))
    .query(({ ctx, input }): Promise<Page<Pronunciation>> => listPronunciations(ctx, input)),
  update: procedure
    .input(updatePronunciationInput)
    .mutation(({ ctx, input }): Promise<Pronunciation> => updatePronunciation(ctx, input)),
  delete: procedure
    .input(pronunciationIdInput)
    .mutation(({ ctx, input }): Promise<void> => deletePronunciation(ctx, input)),
} satisfies TRPCRouterRecord
