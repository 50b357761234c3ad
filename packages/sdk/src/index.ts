/// <reference lib="esnext.disposable" preserve="true" />
export type { UpdateUserInput } from './admin.ts'
export type {
  Account,
  ApiKey,
  AppRouter,
  AudioFormat,
  CreatedKey,
  CurrentUsage,
  ErrorData,
  ErrorShape,
  Generation,
  GenerationError,
  GenerationEvent,
  GenerationStatus,
  GenerationSummary,
  Issue,
  Page,
  Plan,
  Reason,
  Scope,
  SessionStart,
  Voice,
} from './api.d.ts'
export type { RequestOptions } from './attempt.ts'
export type { LoginInput, RegisterInput } from './auth.ts'
export {
  ConflictError,
  ConnectionError,
  type ErrorDetails,
  type ErrorReason,
  GenerationFailedError,
  InvalidInputError,
  LoquiError,
  NotFoundError,
  PermissionDeniedError,
  QuotaExceededError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  toLoquiError,
  UnauthenticatedError,
} from './errors.ts'
export type {
  AudioOptions,
  CreateGenerationInput,
  CreateGenerationOptions,
  ListGenerationsInput,
  SpeakOptions,
  Speech,
  WaitOptions,
  WatchOptions,
} from './generations.ts'
export type { CreateKeyInput } from './keys.ts'
export type { Listing, PageInput } from './listing.ts'
export { Loqui, type LoquiOptions } from './loqui.ts'
export type { ListVoicesInput } from './voices.ts'
