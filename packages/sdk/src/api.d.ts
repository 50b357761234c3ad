// The server's types as clients see them. Made by `npm run sdk:types`; a test fails when it is out of date.

import * as _trpc_server_unstable_core_do_not_import from '@trpc/server/unstable-core-do-not-import';
import { TRPC_ERROR_CODE_NUMBER, TRPC_ERROR_CODE_KEY } from '@trpc/server/unstable-core-do-not-import';
import * as _trpc_server from '@trpc/server';
import { TRPCBuiltRouter } from '@trpc/server';

/**
 * Every reason Loqui gives for not doing what it was asked: one closed union, the same in tRPC, REST and the SDK.
 * A generation that ended badly carries one of them too.
 */
declare const reasons: readonly ['invalid_input', 'cursor_malformed', 'text_empty', 'text_too_long', 'text_not_speakable', 'format_unsupported', 'payload_too_large', 'upload_incomplete', 'upload_too_slow', 'audio_unsupported', 'audio_undecodable', 'audio_mislabeled', 'audio_too_short', 'audio_too_long', 'audio_too_complex', 'audio_silent', 'audio_clipped', 'unauthenticated', 'session_expired', 'wrong_credentials', 'api_key_malformed', 'api_key_invalid', 'api_key_expired', 'api_key_revoked', 'token_invalid', 'token_expired', 'account_disabled', 'forbidden', 'scope_missing', 'origin_forbidden', 'not_found', 'user_not_found', 'plan_not_found', 'key_not_found', 'voice_not_found', 'sample_not_found', 'consent_not_found', 'voice_unavailable', 'voice_not_cloneable', 'consent_required', 'sample_in_use', 'alias_taken', 'pronunciation_not_found', 'pronunciation_exists', 'generation_not_found', 'events_expired', 'audio_not_ready', 'link_invalid', 'link_expired', 'email_taken', 'refund_not_possible', 'idempotency_key_reused', 'idempotency_in_flight', 'quota_exceeded', 'budget_exceeded', 'storage_quota_exceeded', 'rate_limited', 'concurrency_limited', 'busy', 'storage_full', 'engine_failed', 'service_unavailable', 'internal'];
type Reason = (typeof reasons)[number];
/** One field of an input and what it accepts. */
interface Issue {
    /** Path to the field, such as `settings.speed`. */
    readonly field: string;
    readonly message: string;
}

/** What every error carries on the wire. */
interface ErrorShape {
    message: string;
    code: TRPC_ERROR_CODE_NUMBER;
    data: ErrorData;
}
interface ErrorData {
    code: TRPC_ERROR_CODE_KEY;
    httpStatus: number;
    path?: string;
    /** Of one closed union. */
    reason: Reason;
    /** The fields that were wrong, and what they accept. */
    issues: Issue[];
    /** When the same call may be tried again, in seconds. */
    retryAfterSeconds: number | null;
    /** Also in the header `x-request-id`; the log knows it. */
    requestId: string;
}

/** The roles an account can have. */
type Role = 'user' | 'admin';

type GenerationState = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled';
type SegmentState = 'queued' | 'submitted' | 'stored' | 'failed';
type EventType = 'queued' | 'running' | 'waiting' | 'fell_back' | 'segment' | 'succeeded' | 'failed' | 'canceled' | 'deleted';
type LibraryEventType = 'sample.created' | 'sample.renamed' | 'sample.deleted' | 'voice.created' | 'voice.updated' | 'voice.deleted';

type QuotaEntryKind = 'reserve' | 'settle' | 'release' | 'grant' | 'adjust' | 'refund';

/** What a sample is for: to clone a voice from, or to prove a consent. */
type SamplePurpose = 'voice' | 'consent';

/** Formats that a generation can be delivered in. All are mono. */
declare const audioFormats: readonly ['wav', 'mp3', 'opus', 'flac', 'aac', 'pcm', 'ulaw', 'alaw'];
type AudioFormat = (typeof audioFormats)[number];

/** What an uploaded file can be, by its content. */
declare const containers: readonly ['wav', 'mp3', 'flac', 'ogg', 'webm', 'm4a', 'aac'];
type Container = (typeof containers)[number];

/** Every engine there is, configured or not. */
declare const engineIds: readonly ['offline', 'chatterbox', 'chatterbox-turbo', 'chatterbox-multilingual', 'openai', 'espeak'];
type EngineId = (typeof engineIds)[number];
type Gender = 'female' | 'male' | 'neutral';
/** How to speak. No engine takes all of it: see `Engine.settings`. */
interface SpeakSettings {
    /** Pace against the voice's own. */
    readonly speed?: number | undefined;
    /** Shift in semitones. */
    readonly pitch?: number | undefined;
    /** How much feeling, from flat to theatrical. */
    readonly exaggeration?: number | undefined;
    /** How closely the recording's way of speaking is kept to. The lower, the slower, and the less of its accent. */
    readonly cfgWeight?: number | undefined;
    /** How much is left to chance. */
    readonly temperature?: number | undefined;
    /** Share of the likeliest sounds that is chosen from. */
    readonly topP?: number | undefined;
    /** Number of the likeliest sounds that are chosen from. */
    readonly topK?: number | undefined;
    /** How much a sound is avoided that has just been made. */
    readonly repetitionPenalty?: number | undefined;
    /** What the text is in, two letters of ISO 639-1. */
    readonly language?: string | undefined;
}
/** What an engine takes of a setting. */
type SettingRange = {
    readonly min: number;
    readonly max: number;
    readonly default: number;
    readonly whole?: boolean;
} | {
    readonly values: readonly string[];
    readonly default: string;
};
type EngineSettings = {
    readonly [Name in keyof SpeakSettings]?: SettingRange;
};

/** What a key may be allowed to do. A session may do all of it; `admin` only ever helps an administrator. */
declare const scopes: readonly ['generations:read', 'generations:write', 'voices:read', 'voices:write', 'samples:read', 'samples:write', 'consents:read', 'consents:write', 'usage:read', 'keys:read', 'keys:write', 'admin'];
type Scope = (typeof scopes)[number];

declare const voiceKinds: readonly ['preset', 'cloned'];
/** What speaks. */
interface Voice {
    /** `voi_…` */
    id: string;
    name: string;
    /** A preset came with its engine and is everybody's; a cloned one was made from samples and is its maker's. */
    kind: (typeof voiceKinds)[number];
    engine: string;
    gender: Gender;
    /** BCP 47, such as `en-US`. */
    language: string;
    /** Of a cloned voice that only follows pitch and pace, it says so. */
    description: string;
    /** Whether it can speak now. */
    available: boolean;
    /** Why it cannot. `engine_not_configured`: its engine is not there, or no longer brings it. */
    unavailable: 'engine_not_configured' | VoiceObstacle | null;
    /** How well a cloned voice follows its samples: `preview` is their pitch and pace only, not the voice itself. */
    fidelity: 'full' | 'preview' | null;
    /** What a generation takes where it does not say otherwise. */
    settings: SpeakSettings;
    /** `voi_…` of who speaks in its place where its engine does not work, unless a generation says otherwise; `null`: nobody. */
    fallbackVoiceId: string | null;
    /** What a generation may set, and how far; the others are refused. Empty where its engine is not there. */
    takes: EngineSettings;
    labels: Record<string, string>;
    /** What the caller also calls it. */
    aliases: string[];
    /** What it was made from, in that order. `smp_…` */
    sampleIds: string[];
    /** `con_…` */
    consentId: string | null;
    /**
     * Path at which it can be heard speaking a sentence; another when that would sound otherwise. A preset's is open to
     * everyone, a cloned voice's to its maker. `null` where it cannot be heard: the voice may not speak, or its engine asks for
     * money, which nobody would be charged.
     */
    previewUrl: string | null;
    /** ISO 8601. */
    createdAt: string;
}
/** Why a cloned voice may not speak. */
type VoiceObstacle = 'consent_revoked' | 'consent_expired' | 'samples_deleted';

/** What an account may use. */
interface Plan {
    id: string;
    name: string;
    /** Seconds of audio in a period of one month. */
    secondsPerMonth: number;
    requestsPerMinute: number;
    /** Generations running at once. */
    concurrency: number;
    storageBytes: number;
    /** Longest text of one generation. */
    maxCharacters: number;
}

/** A period's audio: what is granted, and where it went. All in milliseconds. */
interface QuotaBalance {
    /** ISO 8601; `end` is when the next period begins. */
    period: {
        start: string;
        end: string;
    };
    /** What the plan gives, with what administrators added or took; never less than what is used and held. */
    grantedMs: number;
    /** What administrators added, or with a minus took. */
    adjustedMs: number;
    /** Charged for generations that succeeded. */
    usedMs: number;
    /** Held for generations that wait or run. */
    reservedMs: number;
    remainingMs: number;
}

/** The running period: what is granted, and where it went. */
interface CurrentUsage extends QuotaBalance {
    plan: Plan;
    /** What engines' providers asked for in this calendar month (UTC), in millionths of a dollar. */
    costMicros: number;
}

/** What is used and left after an event. */
interface UsageChange {
    /** Of the event; grows, and numbers the same as those of `events`. */
    id: string;
    usage: CurrentUsage;
}

/** A token just made: what a page sends as `Authorization: Bearer`, in place of a key that no page should hold. */
interface BrowserToken {
    token: string;
    scopes: Scope[];
    /** ISO 8601. It ends before when its key does. */
    expiresAt: string;
}

/** How well a sample serves to make a voice from, and what would make it better. */
interface SampleQuality {
    rating: 'good' | 'fair' | 'poor';
    /** What weighs most comes first; empty for a good one. */
    advice: SampleAdvice[];
}
interface SampleAdvice {
    reason: 'short' | 'long' | 'quiet' | 'loud' | 'clipped' | 'noisy' | 'pauses' | 'narrow';
    /** A sentence with what was measured and what to give instead, such as “2.1 s of speech; give 6 to 15 s.” */
    message: string;
}

/** Audio that a person gave, as its owner sees it: all of it was measured, and none of it is what the sender said. */
interface Sample {
    /** `smp_…` */
    id: string;
    /** What it is for: to make a voice from, or to prove a consent. */
    purpose: SamplePurpose;
    name: string;
    container: Container;
    /** Such as `pcm-s16`, `opus`, `aac`. */
    codec: string;
    contentType: string;
    bytes: number;
    /** Lower-case hex SHA-256 of the bytes. */
    sha256: string;
    /** Of the decoded audio. */
    durationMs: number;
    /** In hertz. */
    sampleRate: number;
    channels: number;
    /** Integrated loudness by EBU R128; `null` where there is too little sound to tell. */
    loudnessLufs: number | null;
    /** Highest level, in dBFS. */
    peakDbfs: number;
    /** How much of it is speech rather than pause. */
    speechMs: number;
    /** Median of the voice's fundamental frequency, in hertz; `null` where none was found. */
    pitchHz: number | null;
    /** The waveform: of each of 200 equal parts the highest level, 0 to 1. */
    peaks: number[];
    /** How well it serves to make a voice from. */
    quality: SampleQuality;
    /** `con_…`: a consent that covers it and holds; `null` where there is none. */
    consentId: string | null;
    /** ISO 8601. */
    createdAt: string;
}

/** How its user wants a word, or several, to be said. Captions and texts keep what was written. */
interface Pronunciation {
    /** `pro_…` */
    id: string;
    /** What is written: whole words are found, and of several that apply the longest. */
    phrase: string;
    /** What is spoken in its place. */
    replacement: string;
    caseSensitive: boolean;
    /** Only where this is spoken, the first part of a language tag such as `en`; `null`: in every language. */
    language: string | null;
    /** Only by this voice, `voi_…`; `null`: by all. */
    voiceId: string | null;
    createdAt: string;
}

/** `open`: it does not work and is left alone. `half_open`: it is being found out whether it works again. */
type BreakerState = 'closed' | 'half_open' | 'open';
/** How an engine does. What is counted is of the last hour, unless it says otherwise. */
interface EngineReport {
    id: EngineId;
    /** Whether it can be spoken with here. */
    configured: boolean;
    /**
     * How the worker sees it that sees it worst: `open` does not work and is left alone, `half_open` is being tried again.
     * `null` for an engine that is in the house, and where no worker has said.
     */
    breaker: BreakerState | null;
    /** Generations that wait for it now, since it does not work. */
    waiting: number;
    segments: {
        stored: number;
        /** From being asked for to being stored, in milliseconds; `null` where none was. */
        latencyMs: {
            p50: number;
            p95: number;
            p99: number;
        } | null;
    };
    /** What it was asked, as the journal has it: that of a provider, or of a server that costs. Others keep none. */
    calls: {
        made: number;
        /** That failed there, were ended there, or left nothing that could be used. */
        failed: number;
        /** Share of those that have ended, 0 to 1; `null` where none has. */
        errorRate: number | null;
    };
    /** Since midnight (UTC), in millionths of a dollar. */
    spentTodayMicros: number;
}

/** A numbered fact about a sample or a voice. What it is called and all else is to be had of the thing itself. */
interface LibraryEvent {
    /** Grows, and numbers the same as those of `events`; resume after it. */
    id: string;
    type: LibraryEventType;
    /** `smp_…` or `voi_…` */
    subjectId: string;
    /** ISO 8601. */
    createdAt: string;
}

/** An API key as it can be shown: never with its secret. */
interface ApiKey {
    /** `key_…` */
    id: string;
    name: string;
    /** The beginning of the key, to recognise it by. */
    prefix: string;
    scopes: Scope[];
    /** Its own limit beside its user's. `null`: it has none. */
    requestsPerMinute: number | null;
    /** ISO 8601. `null`: it does not expire. */
    expiresAt: string | null;
    revokedAt: string | null;
    lastUsedAt: string | null;
    createdAt: string;
}

/** A key just made. `secret` is what goes into `Authorization: Bearer`, and is shown this once. */
interface CreatedKey {
    key: ApiKey;
    secret: string;
}

/** An address that whoever has it may open without credentials, until it expires or what it opens is deleted. */
interface Link {
    url: string;
    /** ISO 8601. */
    expiresAt: string;
}

/**
 * What can be wrong with a take. `silent`: there is no speech in it. `gap`: a long silence inside. `clipped`: cut off at
 * full scale. `truncated`: the model came to the end of what it can make at once in the middle of speaking. `too_short`,
 * `too_long`: against its text.
 */
declare const flaws: readonly ['silent', 'gap', 'clipped', 'truncated', 'too_short', 'too_long'];
type Flaw = (typeof flaws)[number];

/** A page of a listing, newest first unless it says otherwise. */
interface Page<Item> {
    items: Item[];
    /** Pass it as `cursor` for the next page; `null` on the last. */
    nextCursor: string | null;
}

/** A part of a generation that is spoken alone. */
interface GenerationSegment {
    /** Position among the segments, from 0. */
    index: number;
    state: SegmentState;
    /** Where it begins in the generation's text, in UTF-16 code units. */
    startOffset: number;
    /** Where it ends, exclusive. */
    endOffset: number;
    /** How long its audio is; `null` until there is some. */
    durationMs: number | null;
    /** The silence after it. */
    pauseMs: number;
    /** What is wrong with its audio, where nothing better was to be had. */
    flaws: Flaw[];
    /** How often it was begun with. */
    attempts: number;
}

/** What a generation would take of the quota, and cost. Lengths are milliseconds of audio. */
interface Estimate {
    engine: string;
    /** Length of the text. */
    characters: number;
    /** Sentence-bounded parts that are spoken one by one. */
    segments: number;
    /** How long the audio is expected to be. */
    estimatedMs: number;
    /** How long it can be at most: what would be held of the quota until it is done. */
    reservedMs: number;
    /** Whether that much is left. */
    fits: boolean;
    /** What is left now. */
    remainingMs: number;
    /** What would be left while it waits and runs; when it does not fit, what is lacking, with a minus. */
    remainingAfterMs: number;
    /** What the engine's provider is expected to ask for, in millionths of a dollar. */
    costMicros: number;
}

/** One request for speech, as its owner sees it. Times are ISO 8601, lengths of audio milliseconds. */
interface Generation extends GenerationSummary {
    text: string;
}
/** A generation without its text: what listings carry. */
interface GenerationSummary {
    /** `gen_…` */
    id: string;
    state: GenerationState;
    waitsFor: (typeof waits)[number] | null;
    title: string | null;
    /** The beginning of the text. */
    excerpt: string;
    /** Length of the text. */
    characters: number;
    /** `voi_…`; whoever speaks it: once the fallback does, that one. */
    voiceId: string;
    engine: string;
    /** `voi_…` of who speaks where its engine does not work; `null`: nobody, or that one speaks. */
    fallbackVoiceId: string | null;
    /** `voi_…` that was asked for, where its engine did not work and the fallback speaks. */
    fellBackFrom: string | null;
    format: AudioFormat;
    /** Of the audio, in hertz. */
    sampleRate: number;
    /** In kbit/s; `null` where it follows from the samples. */
    bitRate: number | null;
    /** Integrated loudness that the audio is brought to, in LUFS; `null`: as the engine speaks. */
    loudness: number | null;
    settings: SpeakSettings;
    /** `null` where none was asked for. */
    seed: number | null;
    /** Whether numbers and abbreviations were written out before the engine was asked. */
    normalize: boolean;
    /** `cached`: those done whose audio was there already; for them no engine was asked. */
    segments: {
        total: number;
        done: number;
        cached: number;
    };
    /** `gen_…` of the first take of its text; `null`: it is the first. */
    takeOf: string | null;
    /** How long the audio was expected to be. */
    estimatedMs: number;
    /** How long it is; `null` until it succeeded. */
    durationMs: number | null;
    /** What was held of the quota while it ran. */
    reservedMs: number;
    /** What it was charged; `null` until it ended, 0 when it failed or was canceled. */
    chargedMs: number | null;
    /** What the engine's provider was expected to ask and asked, in millionths of a dollar. */
    cost: {
        predictedMicros: number;
        actualMicros: number;
    };
    error: GenerationError | null;
    createdAt: string;
    startedAt: string | null;
    finishedAt: string | null;
}
/** Why a generation failed. */
interface GenerationError {
    reason: Reason;
    message: string;
}
/**
 * What keeps a generation that runs from going on. `engine_degraded`: its engine does not work at the moment; it goes on by
 * itself when that is over, and nothing is charged for the wait.
 */
declare const waits: readonly ['engine_degraded'];
/** The part of a generation that moves. */
interface GenerationStatus {
    id: string;
    state: GenerationState;
    waitsFor: (typeof waits)[number] | null;
    segments: {
        total: number;
        done: number;
        cached: number;
    };
    durationMs: number | null;
    chargedMs: number | null;
    error: GenerationError | null;
}
/** A numbered fact about a generation, with the generation as it stood at that moment. */
interface GenerationEvent extends Omit<GenerationStatus, 'id'> {
    /** Grows with every event of one user; resume after it. */
    id: string;
    /**
     * `waiting`: it begins to wait for what `waitsFor` says; the next event that says nothing of a wait ends it. `fell_back`: from now
     * on its fallback speaks, as the generation says.
     */
    type: EventType;
    generationId: string;
    /** The segment that was stored, for events of type `segment`. */
    segment: {
        index: number;
        durationMs: number;
    } | null;
    /** ISO 8601. */
    createdAt: string;
}

/** What a person stated of the voice in some samples. It never changes but by being revoked. Times are ISO 8601. */
interface Consent {
    /** `con_…` */
    id: string;
    /** Whose voice it is: the user's own, or somebody's who allowed it. */
    speaker: 'self' | 'other';
    speakerName: string;
    /** What was agreed to and, after an empty line, the phrase to read aloud. */
    statement: string;
    statementVersion: string;
    /** BCP 47. */
    locale: string;
    /** The samples it covers, by their bytes. `smp_…` */
    sampleIds: string[];
    /** The recording of the phrase. `smp_…` */
    recordingId: string | null;
    createdAt: string;
    /** `null`: it holds until it is revoked. */
    expiresAt: string | null;
    revokedAt: string | null;
}

declare const consentLocales: readonly ['en', 'de', 'fr', 'es', 'it', 'pt'];
type ConsentLocale = (typeof consentLocales)[number];

/** What to agree to, and what to read aloud if it is recorded. */
interface ConsentStatement {
    /** The day from which it is the one to agree to. */
    version: string;
    locale: ConsentLocale;
    /** What is agreed to. */
    text: string;
    /** What to read aloud: nobody could have recorded it before. */
    phrase: string;
    /** Goes back with the consent. It is the caller's, and can be used once. */
    nonce: string;
    /** Until when. ISO 8601. */
    expiresAt: string;
}

/** A person's account. */
interface Account {
    /** `usr_…` */
    id: string;
    email: string;
    name: string | null;
    role: Role;
    planId: string;
    disabled: boolean;
    /** ISO 8601. */
    createdAt: string;
}

/** A session that has begun. */
interface SessionStart {
    user: Account;
    /** What a script sends as `Authorization: Bearer`; `null` in a browser, which has the cookie. */
    token: string | null;
    /** ISO 8601. It moves on while the session is used. */
    expiresAt: string;
}

/** What engines' providers may ask for in a calendar month (UTC), in millionths of a dollar. */
interface Budget {
    /** `usr_…`; `null` for the whole installation. */
    userId: string | null;
    email: string | null;
    /** From here on the log warns, once a month; `null` for never. */
    alertMicros: number | null;
    /** No generation is begun that could go beyond; `null` for no end. */
    limitMicros: number | null;
    /** The running month: `YYYY-MM`. */
    month: string;
    /** What was asked for in this month. */
    spentMicros: number;
    /** What may yet be asked for what waits or runs. */
    heldMicros: number;
    /** The latest month that the log warned of: `YYYY-MM`. */
    alertedMonth: string | null;
    /** ISO 8601. */
    updatedAt: string;
}

/** An account as administrators see it. */
interface AccountDetails extends Account {
    usage: CurrentUsage;
    /** `null` when it has none of its own. */
    budget: Budget | null;
}

/** A line of the ledger. Lines are never changed or removed. */
interface QuotaEntry {
    /** `ent_…` */
    id: string;
    /**
     * What it does with the period's milliseconds: `grant` is what the plan gives or, below 0, no longer gives; `adjust`
     * what an administrator added or took; `reserve` holds for a generation, `settle` charges it and releases the rest,
     * `release` releases all, `refund` gives back what was charged.
     */
    kind: QuotaEntryKind;
    ms: number;
    /** When the period began that it counts in. ISO 8601. */
    periodStart: string;
    /** `gen_…`; `null` for grants and adjustments. */
    generationId: string | null;
    /** `usr_…` of the administrator who adjusted or refunded; `null` for what happened by itself. */
    byUserId: string | null;
    /** Why an administrator did it. */
    note: string | null;
    /** ISO 8601. */
    createdAt: string;
}

/** What an adjustment made of the account. */
interface QuotaAdjustment {
    account: QuotaBalance;
    entry: QuotaEntry;
}

/** A plan as administrators see it. */
interface PlanWithAccounts extends Plan {
    /** How many accounts are on it. */
    accounts: number;
}

/** Days in UTC, both included. */
interface DayRange {
    /** `YYYY-MM-DD` */
    from: string;
    /** `YYYY-MM-DD` */
    to: string;
}

/** What usage is summed by. */
type UsageDimension = 'user' | 'key' | 'voice' | 'engine' | 'day';
/** What was made in some days, and what it took. */
interface UsageSums {
    /** Those that succeeded. */
    generations: number;
    /** Of their texts. */
    characters: number;
    /** Milliseconds of audio, less what was refunded on these days: that can be more than was charged on them. */
    chargedMs: number;
    /** What engines' providers asked for, in millionths of a dollar, also for what failed. */
    costMicros: number;
}
/** The sums of one user, key, voice, engine or day. */
interface UsageRow extends UsageSums {
    /** `usr_…`, `key_…`, `voi_…`, an engine, or a day as `YYYY-MM-DD`; `null` for what was made without a key. */
    id: string | null;
    /** As it is called now, a user by the e-mail address; `null` when it is gone, and for engines and days. */
    name: string | null;
}
interface UsageReport extends DayRange {
    by: UsageDimension;
    /** Days in their order and without a gap; all else with the dearest first, and of those that cost the same the longest. */
    rows: UsageRow[];
    /** Of all rows, also of those beyond the limit. */
    total: UsageSums;
}

declare const routes: {
    admin: {
        budgets: {
            list: _trpc_server.TRPCQueryProcedure<{
                input: {
                    cursor?: string | null | undefined;
                    limit?: number | undefined;
                } | undefined;
                output: Page<Budget>;
                meta: object;
                errorShape: ErrorShape;
            }>;
            set: _trpc_server.TRPCMutationProcedure<{
                input: {
                    userId: string | null;
                    alertMicros: number | null;
                    limitMicros: number | null;
                };
                output: Budget | null;
                meta: object;
                errorShape: ErrorShape;
            }>;
        };
        costs: _trpc_server.TRPCQueryProcedure<{
            input: {
                from?: string | undefined;
                to?: string | undefined;
                by?: "day" | "engine" | "key" | "user" | "voice" | undefined;
                limit?: number | undefined;
            } | undefined;
            output: UsageReport;
            meta: object;
            errorShape: ErrorShape;
        }>;
        plans: {
            list: _trpc_server.TRPCQueryProcedure<{
                input: void;
                output: PlanWithAccounts[];
                meta: object;
                errorShape: ErrorShape;
            }>;
            upsert: _trpc_server.TRPCMutationProcedure<{
                input: {
                    id: string;
                    name: string;
                    secondsPerMonth: number;
                    requestsPerMinute: number;
                    concurrency: number;
                    storageBytes: number;
                    maxCharacters: number;
                };
                output: Plan;
                meta: object;
                errorShape: ErrorShape;
            }>;
        };
        quota: {
            adjust: _trpc_server.TRPCMutationProcedure<{
                input: {
                    userId: string;
                    ms: number;
                    note: string;
                };
                output: QuotaAdjustment;
                meta: object;
                errorShape: ErrorShape;
            }>;
            refund: _trpc_server.TRPCMutationProcedure<{
                input: {
                    generationId: string;
                    note: string;
                };
                output: QuotaEntry;
                meta: object;
                errorShape: ErrorShape;
            }>;
            entries: _trpc_server.TRPCQueryProcedure<{
                input: {
                    cursor?: string | null | undefined;
                    limit?: number | undefined;
                    userId: string;
                };
                output: Page<QuotaEntry>;
                meta: object;
                errorShape: ErrorShape;
            }>;
        };
        users: {
            list: _trpc_server.TRPCQueryProcedure<{
                input: {
                    cursor?: string | null | undefined;
                    limit?: number | undefined;
                    search?: string | undefined;
                } | undefined;
                output: Page<Account>;
                meta: object;
                errorShape: ErrorShape;
            }>;
            get: _trpc_server.TRPCQueryProcedure<{
                input: {
                    id: string;
                };
                output: AccountDetails;
                meta: object;
                errorShape: ErrorShape;
            }>;
            update: _trpc_server.TRPCMutationProcedure<{
                input: {
                    id: string;
                    planId?: string | undefined;
                    role?: "admin" | "user" | undefined;
                    disabled?: boolean | undefined;
                };
                output: Account;
                meta: object;
                errorShape: ErrorShape;
            }>;
        };
    };
    auth: {
        register: _trpc_server.TRPCMutationProcedure<{
            input: {
                email: string;
                password: string;
                name?: string | null | undefined;
            };
            output: SessionStart;
            meta: object;
            errorShape: ErrorShape;
        }>;
        login: _trpc_server.TRPCMutationProcedure<{
            input: {
                email: string;
                password: string;
            };
            output: SessionStart;
            meta: object;
            errorShape: ErrorShape;
        }>;
        logout: _trpc_server.TRPCMutationProcedure<{
            input: void;
            output: void;
            meta: object;
            errorShape: ErrorShape;
        }>;
        me: _trpc_server.TRPCQueryProcedure<{
            input: void;
            output: Account;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    consents: {
        statement: _trpc_server.TRPCQueryProcedure<{
            input: {
                locale?: string | undefined;
            } | undefined;
            output: ConsentStatement;
            meta: object;
            errorShape: ErrorShape;
        }>;
        create: _trpc_server.TRPCMutationProcedure<{
            input: {
                sampleIds: string[];
                speaker: "other" | "self";
                speakerName: string;
                nonce: string;
                locale: "de" | "en" | "es" | "fr" | "it" | "pt";
                statementVersion: string;
                accepted: true;
                recordingId?: string | null | undefined;
                expiresInDays?: number | null | undefined;
            };
            output: Consent;
            meta: object;
            errorShape: ErrorShape;
        }>;
        list: _trpc_server.TRPCQueryProcedure<{
            input: {
                cursor?: string | null | undefined;
                limit?: number | undefined;
                live?: boolean | undefined;
            } | undefined;
            output: Page<Consent>;
            meta: object;
            errorShape: ErrorShape;
        }>;
        get: _trpc_server.TRPCQueryProcedure<{
            input: {
                id: string;
            };
            output: Consent;
            meta: object;
            errorShape: ErrorShape;
        }>;
        revoke: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
            };
            output: Consent;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    events: _trpc_server.TRPCSubscriptionProcedure<{
        input: {
            lastEventId?: string | null | undefined;
        } | undefined;
        output: AsyncIterable<_trpc_server_unstable_core_do_not_import.TrackedData<GenerationEvent>, any, any>;
        meta: object;
        errorShape: ErrorShape;
    }>;
    generations: {
        create: _trpc_server.TRPCMutationProcedure<{
            input: {
                sampleRate?: number | null | undefined;
                bitRate?: number | null | undefined;
                loudness?: number | null | undefined;
                text: string;
                voiceId: string;
                settings?: {
                    speed?: number | undefined;
                    pitch?: number | undefined;
                    exaggeration?: number | undefined;
                    cfgWeight?: number | undefined;
                    temperature?: number | undefined;
                    topP?: number | undefined;
                    topK?: number | undefined;
                    repetitionPenalty?: number | undefined;
                    language?: string | undefined;
                } | undefined;
                seed?: number | null | undefined;
                fallbackVoiceId?: string | null | undefined;
                normalize?: boolean | undefined;
                format?: "aac" | "alaw" | "flac" | "mp3" | "opus" | "pcm" | "ulaw" | "wav" | undefined;
                title?: string | null | undefined;
                cache?: boolean | undefined;
            };
            output: Generation;
            meta: object;
            errorShape: ErrorShape;
        }>;
        retake: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
                segments?: number[] | undefined;
                seed?: number | null | undefined;
                settings?: {
                    speed?: number | undefined;
                    pitch?: number | undefined;
                    exaggeration?: number | undefined;
                    cfgWeight?: number | undefined;
                    temperature?: number | undefined;
                    topP?: number | undefined;
                    topK?: number | undefined;
                    repetitionPenalty?: number | undefined;
                    language?: string | undefined;
                } | undefined;
            };
            output: Generation;
            meta: object;
            errorShape: ErrorShape;
        }>;
        estimate: _trpc_server.TRPCQueryProcedure<{
            input: {
                sampleRate?: number | null | undefined;
                bitRate?: number | null | undefined;
                loudness?: number | null | undefined;
                text: string;
                voiceId: string;
                settings?: {
                    speed?: number | undefined;
                    pitch?: number | undefined;
                    exaggeration?: number | undefined;
                    cfgWeight?: number | undefined;
                    temperature?: number | undefined;
                    topP?: number | undefined;
                    topK?: number | undefined;
                    repetitionPenalty?: number | undefined;
                    language?: string | undefined;
                } | undefined;
                seed?: number | null | undefined;
                fallbackVoiceId?: string | null | undefined;
                normalize?: boolean | undefined;
                format?: "aac" | "alaw" | "flac" | "mp3" | "opus" | "pcm" | "ulaw" | "wav" | undefined;
            };
            output: Estimate;
            meta: object;
            errorShape: ErrorShape;
        }>;
        get: _trpc_server.TRPCQueryProcedure<{
            input: {
                id: string;
            };
            output: Generation;
            meta: object;
            errorShape: ErrorShape;
        }>;
        list: _trpc_server.TRPCQueryProcedure<{
            input: {
                cursor?: string | null | undefined;
                limit?: number | undefined;
                state?: "canceled" | "failed" | "queued" | "running" | "succeeded" | undefined;
                takeOf?: string | undefined;
            } | undefined;
            output: Page<GenerationSummary>;
            meta: object;
            errorShape: ErrorShape;
        }>;
        segments: _trpc_server.TRPCQueryProcedure<{
            input: {
                cursor?: string | null | undefined;
                limit?: number | undefined;
                id: string;
                flawed?: boolean | undefined;
            };
            output: Page<GenerationSegment>;
            meta: object;
            errorShape: ErrorShape;
        }>;
        status: _trpc_server.TRPCQueryProcedure<{
            input: {
                id: string;
            };
            output: GenerationStatus;
            meta: object;
            errorShape: ErrorShape;
        }>;
        cancel: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
            };
            output: Generation;
            meta: object;
            errorShape: ErrorShape;
        }>;
        delete: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
            };
            output: void;
            meta: object;
            errorShape: ErrorShape;
        }>;
        link: _trpc_server.TRPCMutationProcedure<{
            input: {
                sampleRate?: number | null | undefined;
                bitRate?: number | null | undefined;
                loudness?: number | null | undefined;
                download?: boolean | undefined;
                expiresInSeconds?: number | undefined;
                id: string;
                format?: "aac" | "alaw" | "flac" | "mp3" | "opus" | "pcm" | "ulaw" | "wav" | undefined;
            };
            output: Link;
            meta: object;
            errorShape: ErrorShape;
        }>;
        watch: _trpc_server.TRPCSubscriptionProcedure<{
            input: {
                id: string;
                lastEventId?: string | null | undefined;
            };
            output: AsyncIterable<_trpc_server_unstable_core_do_not_import.TrackedData<GenerationEvent>, any, any>;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    keys: {
        create: _trpc_server.TRPCMutationProcedure<{
            input: {
                name: string;
                scopes?: ("admin" | "consents:read" | "consents:write" | "generations:read" | "generations:write" | "keys:read" | "keys:write" | "samples:read" | "samples:write" | "usage:read" | "voices:read" | "voices:write")[] | undefined;
                expiresInDays?: number | null | undefined;
                requestsPerMinute?: number | undefined;
            };
            output: CreatedKey;
            meta: object;
            errorShape: ErrorShape;
        }>;
        list: _trpc_server.TRPCQueryProcedure<{
            input: {
                cursor?: string | null | undefined;
                limit?: number | undefined;
            } | undefined;
            output: Page<ApiKey>;
            meta: object;
            errorShape: ErrorShape;
        }>;
        revoke: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
            };
            output: ApiKey;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    library: {
        watch: _trpc_server.TRPCSubscriptionProcedure<{
            input: {
                lastEventId?: string | null | undefined;
            } | undefined;
            output: AsyncIterable<_trpc_server_unstable_core_do_not_import.TrackedData<LibraryEvent>, any, any>;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    monitoring: {
        engines: _trpc_server.TRPCQueryProcedure<{
            input: void;
            output: EngineReport[];
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    plans: {
        list: _trpc_server.TRPCQueryProcedure<{
            input: void;
            output: Plan[];
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    pronunciations: {
        create: _trpc_server.TRPCMutationProcedure<{
            input: {
                phrase: string;
                replacement: string;
                caseSensitive?: boolean | undefined;
                language?: string | null | undefined;
                voiceId?: string | null | undefined;
            };
            output: Pronunciation;
            meta: object;
            errorShape: ErrorShape;
        }>;
        list: _trpc_server.TRPCQueryProcedure<{
            input: {
                cursor?: string | null | undefined;
                limit?: number | undefined;
            } | undefined;
            output: Page<Pronunciation>;
            meta: object;
            errorShape: ErrorShape;
        }>;
        update: _trpc_server.TRPCMutationProcedure<{
            input: {
                phrase?: string | undefined;
                replacement?: string | undefined;
                caseSensitive?: boolean | undefined;
                language?: string | null | undefined;
                voiceId?: string | null | undefined;
                id: string;
            };
            output: Pronunciation;
            meta: object;
            errorShape: ErrorShape;
        }>;
        delete: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
            };
            output: void;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    samples: {
        list: _trpc_server.TRPCQueryProcedure<{
            input: {
                cursor?: string | null | undefined;
                limit?: number | undefined;
                purpose?: "consent" | "voice" | undefined;
                search?: string | undefined;
            } | undefined;
            output: Page<Sample>;
            meta: object;
            errorShape: ErrorShape;
        }>;
        get: _trpc_server.TRPCQueryProcedure<{
            input: {
                id: string;
            };
            output: Sample;
            meta: object;
            errorShape: ErrorShape;
        }>;
        rename: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
                name: string;
            };
            output: Sample;
            meta: object;
            errorShape: ErrorShape;
        }>;
        delete: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
            };
            output: void;
            meta: object;
            errorShape: ErrorShape;
        }>;
        link: _trpc_server.TRPCMutationProcedure<{
            input: {
                download?: boolean | undefined;
                expiresInSeconds?: number | undefined;
                id: string;
            };
            output: Link;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    tokens: {
        create: _trpc_server.TRPCMutationProcedure<{
            input: {
                scopes: ("consents:read" | "consents:write" | "generations:read" | "generations:write" | "samples:read" | "samples:write" | "usage:read" | "voices:read" | "voices:write")[];
                expiresInSeconds?: number | undefined;
            };
            output: BrowserToken;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    usage: {
        current: _trpc_server.TRPCQueryProcedure<{
            input: void;
            output: CurrentUsage;
            meta: object;
            errorShape: ErrorShape;
        }>;
        history: _trpc_server.TRPCQueryProcedure<{
            input: {
                from?: string | undefined;
                to?: string | undefined;
                by?: "day" | "engine" | "key" | "voice" | undefined;
                limit?: number | undefined;
            } | undefined;
            output: UsageReport;
            meta: object;
            errorShape: ErrorShape;
        }>;
        watch: _trpc_server.TRPCSubscriptionProcedure<{
            input: {
                lastEventId?: string | null | undefined;
            } | undefined;
            output: AsyncIterable<_trpc_server_unstable_core_do_not_import.TrackedData<UsageChange>, any, any>;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
    voices: {
        list: _trpc_server.TRPCQueryProcedure<{
            input: {
                cursor?: string | null | undefined;
                limit?: number | undefined;
                kind?: "cloned" | "preset" | undefined;
                gender?: "female" | "male" | "neutral" | undefined;
                language?: string | undefined;
                engine?: "chatterbox" | "chatterbox-multilingual" | "chatterbox-turbo" | "espeak" | "offline" | "openai" | undefined;
                available?: boolean | undefined;
                search?: string | undefined;
            } | undefined;
            output: Page<Voice>;
            meta: object;
            errorShape: ErrorShape;
        }>;
        get: _trpc_server.TRPCQueryProcedure<{
            input: {
                id: string;
            };
            output: Voice;
            meta: object;
            errorShape: ErrorShape;
        }>;
        create: _trpc_server.TRPCMutationProcedure<{
            input: {
                name: string;
                sampleIds: string[];
                consentId?: string | null | undefined;
                engine?: "chatterbox" | "chatterbox-multilingual" | "chatterbox-turbo" | "espeak" | "offline" | "openai" | undefined;
                gender?: "female" | "male" | "neutral" | undefined;
                language?: string | undefined;
                description?: string | undefined;
                settings?: {
                    speed?: number | undefined;
                    pitch?: number | undefined;
                    exaggeration?: number | undefined;
                    cfgWeight?: number | undefined;
                    temperature?: number | undefined;
                    topP?: number | undefined;
                    topK?: number | undefined;
                    repetitionPenalty?: number | undefined;
                    language?: string | undefined;
                } | undefined;
                fallbackVoiceId?: string | null | undefined;
                labels?: Record<string, string> | undefined;
                aliases?: string[] | undefined;
            };
            output: Voice;
            meta: object;
            errorShape: ErrorShape;
        }>;
        update: _trpc_server.TRPCMutationProcedure<{
            input: {
                name?: string | undefined;
                description?: string | undefined;
                gender?: "female" | "male" | "neutral" | undefined;
                language?: string | undefined;
                settings?: {
                    speed?: number | undefined;
                    pitch?: number | undefined;
                    exaggeration?: number | undefined;
                    cfgWeight?: number | undefined;
                    temperature?: number | undefined;
                    topP?: number | undefined;
                    topK?: number | undefined;
                    repetitionPenalty?: number | undefined;
                    language?: string | undefined;
                } | undefined;
                fallbackVoiceId?: string | null | undefined;
                labels?: Record<string, string> | undefined;
                aliases?: string[] | undefined;
                id: string;
            };
            output: Voice;
            meta: object;
            errorShape: ErrorShape;
        }>;
        delete: _trpc_server.TRPCMutationProcedure<{
            input: {
                id: string;
            };
            output: void;
            meta: object;
            errorShape: ErrorShape;
        }>;
    };
};
/**
 * The router's type for clients. It is rebuilt without the context, which would drag the whole server into the
 * published SDK.
 */
type AppRouter = TRPCBuiltRouter<{
    ctx: object;
    meta: object;
    errorShape: ErrorShape;
    transformer: true;
}, typeof routes>;

/** What is said when. Segments' times are those of the audio; words' are estimated. */
interface Captions {
    /** `gen_…` */
    generationId: string;
    durationMs: number;
    segments: CaptionSegment[];
}
interface CaptionSegment {
    index: number;
    text: string;
    startMs: number;
    endMs: number;
    words: CaptionWord[];
}
interface CaptionWord {
    text: string;
    startMs: number;
    endMs: number;
    /** Engines do not tell when a word begins: it is shared out by the words' lengths. */
    estimated: true;
}

export type { Account, AccountDetails, ApiKey, AppRouter, AudioFormat, BrowserToken, Budget, CaptionSegment, CaptionWord, Captions, Consent, ConsentStatement, CreatedKey, CurrentUsage, EngineId, EngineReport, ErrorData, ErrorShape, Estimate, Flaw, Generation, GenerationError, GenerationEvent, GenerationSegment, GenerationStatus, GenerationSummary, Issue, LibraryEvent, Link, Page, Plan, PlanWithAccounts, Pronunciation, QuotaAdjustment, QuotaBalance, QuotaEntry, Reason, Sample, SampleAdvice, SampleQuality, Scope, SessionStart, SpeakSettings, UsageChange, UsageDimension, UsageReport, UsageRow, UsageSums, Voice };
