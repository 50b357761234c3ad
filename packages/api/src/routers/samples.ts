import type { Link } from '@loqui/core/links/link'
import type { Page } from '@loqui/core/pagination'
import { deleteSample } from '@loqui/core/samples/delete'
import { getSample } from '@loqui/core/samples/get'
import { linkSample, linkSampleInput } from '@loqui/core/samples/link'
import { listSamples, listSamplesInput } from '@loqui/core/samples/list'
import { sampleIdInput } from '@loqui/core/samples/queries'
import { renameSample, renameSampleInput } from '@loqui/core/samples/rename'
import type { Sample } from '@loqui/core/samples/sample'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

// They come as forms, over HTTP alone: see apps/server/src/uploads.ts.
export const samples = {
  list: procedure
    .input(listSamplesInput.prefault({}))
    .query(({ ctx, input }): Promise<Page<Sample>> => listSamples(ctx, input)),
  get: procedure.input(sampleIdInput).query(({ ctx, input }): Promise<Sample> => getSample(ctx, input)),
  rename: procedure.input(renameSampleInput).mutation(({ ctx, input }): Promise<Sample> => renameSample(ctx, input)),
  delete: procedure.input(sampleIdInput).mutation(({ ctx, input }): Promise<void> => deleteSample(ctx, input)),
  link: procedure.input(linkSampleInput).mutation(({ ctx, input }): Promise<Link> => linkSample(ctx, input, ctx)),
} satisfies TRPCRouterRecord
