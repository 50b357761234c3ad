import { type CreatedKey, createKey, createKeyInput } from '@loqui/core/keys/create'
import type { ApiKey } from '@loqui/core/keys/key'
import { listKeys, listKeysInput } from '@loqui/core/keys/list'
import { revokeKey, revokeKeyInput } from '@loqui/core/keys/revoke'
import type { Page } from '@loqui/core/pagination'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const keys = {
  create: procedure.input(createKeyInput).mutation(({ ctx, input }): Promise<CreatedKey> => createKey(ctx, input)),
  list: procedure
    .input(listKeysInput.prefault({}))
    .query(({ ctx, input }): Promise<Page<ApiKey>> => listKeys(ctx, input)),
  revoke: procedure.input(revokeKeyInput).mutation(({ ctx, input }): Promise<ApiKey> => revokeKey(ctx, input)),
} satisfies TRPCRouterRecord
