import type { Page } from '@loqui/core/pagination'
import { createVoice, createVoiceInput } from '@loqui/core/voices/create'
import { deleteVoice } from '@loqui/core/voices/delete'
import { getVoice } from '@loqui/core/voices/get'
import { voiceIdInput } from '@loqui/core/voices/input'
import { listVoices, listVoicesInput } from '@loqui/core/voices/list'
import { updateVoice, updateVoiceInput } from '@loqui/core/voices/update'
import type { Voice } from '@loqui/core/voices/voice'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const voices = {
  list: procedure
    .input(listVoicesInput.prefault({}))
    .query(({ ctx, input }): Promise<Page<Voice>> => listVoices(ctx, input)),
  get: procedure.input(voiceIdInput).query(({ ctx, input }): Promise<Voice> => getVoice(ctx, input)),
  create: procedure.input(createVoiceInput).mutation(({ ctx, input }): Promise<Voice> => createVoice(ctx, input)),
  update: procedure.input(updateVoiceInput).mutation(({ ctx, input }): Promise<Voice> => updateVoice(ctx, input)),
  delete: procedure.input(voiceIdInput).mutation(({ ctx, input }): Promise<void> => deleteVoice(ctx, input)),
} satisfies TRPCRouterRecord
