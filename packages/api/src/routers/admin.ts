import type { Account } from '@loqui/core/accounts/account'
import { type AccountDetails, getAccount, getAccountInput } from '@loqui/core/accounts/get'
import { listAccounts, listAccountsInput } from '@loqui/core/accounts/list'
import { updateAccount, updateAccountInput } from '@loqui/core/accounts/update'
import type { Budget } from '@loqui/core/budgets/budget'
import { listBudgets, listBudgetsInput } from '@loqui/core/budgets/list'
import { setBudget, setBudgetInput } from '@loqui/core/budgets/set'
import { listCosts, listCostsInput } from '@loqui/core/costs/list'
import type { Page } from '@loqui/core/pagination'
import { listPlansWithAccounts, type PlanWithAccounts } from '@loqui/core/plans/list-with-accounts'
import type { Plan } from '@loqui/core/plans/plan'
import { upsertPlan, upsertPlanInput } from '@loqui/core/plans/upsert'
import { adjustQuota, adjustQuotaInput, type QuotaAdjustment } from '@loqui/core/quota/adjust'
import { listQuotaEntries, listQuotaEntriesInput } from '@loqui/core/quota/entries'
import type { QuotaEntry } from '@loqui/core/quota/entry'
import { refundGeneration, refundInput } from '@loqui/core/quota/refund'
import type { UsageReport } from '@loqui/core/usage/report'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const admin = {
  budgets: {
    list: procedure
      .input(listBudgetsInput.prefault({}))
      .query(({ ctx, input }): Promise<Page<Budget>> => listBudgets(ctx, input)),
    set: procedure.input(setBudgetInput).mutation(({ ctx, input }): Promise<Budget | null> => setBudget(ctx, input)),
  },
  costs: procedure
    .input(listCostsInput.prefault({}))
    .query(({ ctx, input }): Promise<UsageReport> => listCosts(ctx, input)),
  plans: {
    list: procedure.query(({ ctx }): Promise<PlanWithAccounts[]> => listPlansWithAccounts(ctx)),
    upsert: procedure.input(upsertPlanInput).mutation(({ ctx, input }): Promise<Plan> => upsertPlan(ctx, input)),
  },
  quota: {
    adjust: procedure
      .input(adjustQuotaInput)
      .mutation(({ ctx, input }): Promise<QuotaAdjustment> => adjustQuota(ctx, input, ctx)),
    refund: procedure
      .input(refundInput)
      .mutation(({ ctx, input }): Promise<QuotaEntry> => refundGeneration(ctx, input, ctx)),
    entries: procedure
      .input(listQuotaEntriesInput)
      .query(({ ctx, input }): Promise<Page<QuotaEntry>> => listQuotaEntries(ctx, input)),
  },
  users: {
    list: procedure
      .input(listAccountsInput.prefault({}))
      .query(({ ctx, input }): Promise<Page<Account>> => listAccounts(ctx, input)),
    get: procedure.input(getAccountInput).query(({ ctx, input }): Promise<AccountDetails> => getAccount(ctx, input)),
    update: procedure
      .input(updateAccountInput)
      .mutation(({ ctx, input }): Promise<Account> => updateAccount(ctx, input)),
  },
} satisfies TRPCRouterRecord
