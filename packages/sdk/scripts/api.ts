/** What of the server's types is published. Named here one by one: `*` would bring the server along. */
export type { ErrorData, ErrorShape } from '@loqui/api/errors'
export type { AppRouter } from '@loqui/api/router'
export type { SessionStart } from '@loqui/api/routers/auth'
export type { AudioFormat } from '@loqui/audio/format'
export type { Account } from '@loqui/core/accounts/account'
export type { Scope } from '@loqui/core/actor'
export type { Issue, Reason } from '@loqui/core/errors'
export type {
  Generation,
  GenerationError,
  GenerationEvent,
  GenerationStatus,
  GenerationSummary,
} from '@loqui/core/generations/generation'
export type { CreatedKey } from '@loqui/core/keys/create'
export type { ApiKey } from '@loqui/core/keys/key'
export type { Page } from '@loqui/core/pagination'
export type { Plan } from '@loqui/core/plans/plan'
export type { CurrentUsage } from '@loqui/core/usage/current'
export type { Voice } from '@loqui/core/voices/voice'
