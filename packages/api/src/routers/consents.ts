import type { Consent } from '@loqui/core/consents/consent'
import { createConsent, createConsentInput } from '@loqui/core/consents/create'
import { getConsent } from '@loqui/core/consents/get'
import { listConsents, listConsentsInput } from '@loqui/core/consents/list'
import { consentIdInput } from '@loqui/core/consents/queries'
import { revokeConsent } from '@loqui/core/consents/revoke'
import { type ConsentStatement, consentStatement, consentStatementInput } from '@loqui/core/consents/statement'
import type { Page } from '@loqui/core/pagination'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const consents = {
  statement: procedure
    .input(consentStatementInput.prefault({}))
    .query(({ ctx, input }): ConsentStatement => consentStatement(ctx, input)),
  create: procedure
    .input(createConsentInput)
    .mutation(({ ctx, input }): Promise<Consent> => createConsent(ctx, input, ctx)),
  list: procedure
    .input(listConsentsInput.prefault({}))
    .query(({ ctx, input }): Promise<Page<Consent>> => listConsents(ctx, input)),
  get: procedure.input(consentIdInput).query(({ ctx, input }): Promise<Consent> => getConsent(ctx, input)),
  revoke: procedure.input(consentIdInput).mutation(({ ctx, input }): Promise<Consent> => revokeConsent(ctx, input)),
} satisfies TRPCRouterRecord
