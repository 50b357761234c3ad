import type { Page } from '@loqui/core/pagination'
import { getVoice, getVoiceInput } from '@loqui/core/voices/get'
import { listVoices, listVoicesInput } from '@loqui/core/voices/list'
import type { Voice } from '@loqui/core/voices/voice'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const voices = {
  list: procedure
    .input(listVoicesInput.prefault({}))
    .query(({ ctx, input }): Promise<Page<Voice>> => listVoices(ctx, input)),
  get: procedure.input(getVoiceInput).query(({ ctx, input }): Promise<Voice> => getVoice(ctx, input)),
} satisfies TRPCRouterRecord
