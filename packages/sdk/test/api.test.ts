import { readFile } from 'node:fs/promises'
import type { inferRouterInputs } from '@trpc/server'
import { expect, expectTypeOf, test } from 'vitest'
import { apiFile, rollUp } from '../scripts/roll-up.ts'
import type {
  AdjustQuotaInput,
  ListCostsInput,
  ListUsersInput,
  QuotaEntriesInput,
  RefundInput,
  SetBudgetInput,
  UpdateUserInput,
} from '../src/admin.ts'
import type { AppRouter, Plan } from '../src/api.d.ts'
import type { RequestOptions } from '../src/attempt.ts'
import type { LinkOptions } from '../src/audio-link.ts'
import type { LoginInput, RegisterInput } from '../src/auth.ts'
import type { ConsentStatementInput, CreateConsentInput, ListConsentsInput } from '../src/consents.ts'
import type {
  CreateGenerationInput,
  EstimateInput,
  LinkGenerationOptions,
  ListGenerationsInput,
} from '../src/generations.ts'
import type { CreateKeyInput } from '../src/keys.ts'
import type { PageInput } from '../src/listing.ts'
import type { ListSamplesInput } from '../src/samples.ts'
import type { UsageHistoryInput } from '../src/usage.ts'
import type { CreateVoiceInput, ListVoicesInput, UpdateVoiceInput } from '../src/voices.ts'

test('the published types are those of the server: `npm run sdk:types` makes them', { timeout: 60_000 }, async () => {
  // It also throws when they would need a package that clients do not have.
  expect(await readFile(apiFile, 'utf8')).toBe(await rollUp())
})

type Inputs = inferRouterInputs<AppRouter>
/** Whether the fields are the same, optional ones included, and take the same values. */
type Same<Ours, Given> = [keyof Ours, Required<Ours>] extends [keyof Theirs<Given>, Required<Theirs<Given>>]
  ? [keyof Theirs<Given>, Theirs<Given>] extends [keyof Ours, Ours]
    ? true
    : false
  : false
// tRPC says with `void` that an input may be left out.
// biome-ignore lint/suspicious/noConfusingVoidType: the union is theirs.
type Theirs<Given> = Exclude<Given, undefined | void>

/** What a link is asked for with, of what is given in one with how it is asked. */
type Linked<Options> = Omit<Options, keyof RequestOptions> & { readonly id: string }

test('the documented inputs are those that the server takes', () => {
  expectTypeOf<Same<CreateGenerationInput, Inputs['generations']['create']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<ListGenerationsInput, Inputs['generations']['list']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<Linked<LinkGenerationOptions>, Inputs['generations']['link']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<ListVoicesInput, Inputs['voices']['list']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<CreateVoiceInput, Inputs['voices']['create']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<UpdateVoiceInput, Inputs['voices']['update']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<ListSamplesInput, Inputs['samples']['list']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<Linked<LinkOptions>, Inputs['samples']['link']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<ConsentStatementInput, Inputs['consents']['statement']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<CreateConsentInput, Inputs['consents']['create']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<ListConsentsInput, Inputs['consents']['list']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<PageInput, Inputs['keys']['list']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<CreateKeyInput, Inputs['keys']['create']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<LoginInput, Inputs['auth']['login']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<RegisterInput, Inputs['auth']['register']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<UpdateUserInput, Inputs['admin']['users']['update']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<EstimateInput, Inputs['generations']['estimate']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<UsageHistoryInput, Inputs['usage']['history']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<ListUsersInput, Inputs['admin']['users']['list']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<AdjustQuotaInput, Inputs['admin']['quota']['adjust']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<RefundInput, Inputs['admin']['quota']['refund']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<QuotaEntriesInput, Inputs['admin']['quota']['entries']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<PageInput, Inputs['admin']['budgets']['list']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<SetBudgetInput, Inputs['admin']['budgets']['set']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<ListCostsInput, Inputs['admin']['costs']>>().toEqualTypeOf<true>()
  expectTypeOf<Same<Plan, Inputs['admin']['plans']['upsert']>>().toEqualTypeOf<true>()
})
