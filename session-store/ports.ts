import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { SessionState } from '@steppe/contracts/session';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { SessionStoreCorruptError } from './errors.ts';
import type { LiveEntry } from './live-entry.ts';

/**
 * Every method ends within the store's time limit. It throws `SessionStoreUnavailableError`,
 * `SessionStoreThrottledError` or `SessionStoreCorruptError` (errors.ts), or the reason of `signal`
 * where that was aborted. A write that throws one of the first two, or was aborted, may have
 * happened, or may happen at any later moment (`isAmbiguous`): a read that does not see it proves
 * nothing.
 */
export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface ReadOptions extends CallOptions {
  /**
   * True: sees every write that was acknowledged before. False: half the price, and may be some
   * hundred ms old.
   */
  consistent: boolean;
}

export interface SessionReader {
  /** The row, or null where there is none. A row past its `purge_at` may still be given. */
  get(sessionId: SessionId, options: ReadOptions): Promise<SessionRecord | null>;
}

export type UpdateOutcome =
  | { outcome: 'updated'; record: SessionRecord }
  /** Somebody else wrote since: `current` is read strongly consistent. */
  | { outcome: 'lost'; current: SessionRecord }
  | { outcome: 'absent' };

export interface SessionWriter extends SessionReader {
  /**
   * Writes the row unless its id is taken; an existing row is never touched. Safe against the
   * store's own retries.
   */
  create(record: SessionRecord, options?: CallOptions): Promise<'created' | 'exists'>;
  /**
   * Replaces the whole row by `next`, but for what only a newer version knows of it, if its version
   * still is `expectedVersion`, and makes its version one more (that of `next` is ignored). Of any
   * number of updates that expect one version, exactly one is `updated`.
   */
  update(
    next: SessionRecord,
    expectedVersion: number,
    options?: CallOptions,
  ): Promise<UpdateOutcome>;
}

export interface ListQuery extends CallOptions {
  /** Rows a page, at least 1. */
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
  state?: SessionState | undefined;
  /** Pairs that a row's metadata must all have; no name may be empty. */
  metadata?: Readonly<Record<string, string>> | undefined;
}

export interface SessionPage {
  sessions: SessionRecord[];
  /** Rows that cannot be read are given here, not thrown, so that they never hide the others. */
  corrupt: SessionStoreCorruptError[];
  /**
   * Null after the last page. A page that is short, or even empty, and has a cursor is not the
   * last.
   */
  nextCursor: string | null;
}

export interface SessionLister {
  /**
   * The tenant's rows, newest first, those of one millisecond in an order of their own that stays.
   * Following the cursor gives every row that was there from the start exactly once, whatever is
   * written meanwhile. Eventually consistent. A cursor that is malformed or another tenant's throws
   * `CursorRejectedError`; one may be used with other filters than it was made with.
   */
  listByTenant(tenantId: TenantId, query: ListQuery): Promise<SessionPage>;
}

/** For each tenant the set of its live session ids: the quota. Strongly consistent throughout. */
export interface LiveSessions {
  /**
   * Adds the id while the set holds fewer than `max`, exact under concurrency. An id that is
   * already in is `added`, also above `max`.
   */
  addLive(
    tenantId: TenantId,
    sessionId: SessionId,
    max: number,
    options?: CallOptions,
  ): Promise<'added' | 'full'>;
  /** Takes the id out; nothing happens where it is not in. */
  removeLive(tenantId: TenantId, sessionId: SessionId, options?: CallOptions): Promise<void>;
  /** In no particular order. */
  listLive(tenantId: TenantId, options?: CallOptions): Promise<SessionId[]>;
}

export interface IdempotencyItem {
  session_id: SessionId;
  body_hash: string;
  /** Seconds of Unix time from which on the key counts as never used. */
  expires: number;
}

export type PutIdempotencyOutcome =
  | { outcome: 'stored' }
  | { outcome: 'exists'; item: IdempotencyItem };

/**
 * What each tenant's `Idempotency-Key` stands for; a key may be any text. Strongly consistent
 * throughout.
 */
export interface IdempotencyKeys {
  /**
   * Stores the item unless the key holds one that has not expired. Of any number at once exactly
   * one is `stored`.
   */
  putIdempotency(
    tenantId: TenantId,
    key: string,
    item: IdempotencyItem,
    options?: CallOptions,
  ): Promise<PutIdempotencyOutcome>;
  /** Null where there is none or it has expired. */
  getIdempotency(
    tenantId: TenantId,
    key: string,
    options?: CallOptions,
  ): Promise<IdempotencyItem | null>;
  /** Undoes a put: deletes the item if it is that session's, else does nothing. */
  deleteIdempotency(
    tenantId: TenantId,
    key: string,
    sessionId: SessionId,
    options?: CallOptions,
  ): Promise<void>;
}

/**
 * A lease belongs to one holder until `ttlMs` after its last `acquireLease` or `renewLease`; one
 * whose holder died can be taken after that. `now` is the caller's clock in ms of Unix time: a ttl
 * has to be far above what the callers' clocks differ by.
 */
export interface Leases {
  /** Takes a lease that is free, expired or already the holder's. */
  acquireLease(
    name: string,
    holder: string,
    ttlMs: number,
    now: number,
    options?: CallOptions,
  ): Promise<'acquired' | 'held'>;
  /**
   * `lost` once somebody else took it or it was released. An expired lease that nobody took is
   * renewed.
   */
  renewLease(
    name: string,
    holder: string,
    ttlMs: number,
    now: number,
    options?: CallOptions,
  ): Promise<'renewed' | 'lost'>;
  /** Frees the lease if it is the holder's, else does nothing. */
  releaseLease(name: string, holder: string, options?: CallOptions): Promise<void>;
}

export type SweptItem =
  | { kind: 'session'; entry: LiveEntry }
  | { kind: 'live_set'; tenantId: TenantId; sessionIds: SessionId[] }
  /** An item that cannot be read is given, not thrown, so that it never stops a sweep. */
  | { kind: 'corrupt'; error: SessionStoreCorruptError };

export interface SessionSweeper {
  /**
   * Every row that is `provisioning` or `ready` and every live set that is not empty, in no order.
   * Its cost grows with the sessions that live, not with the table; never on the path of a request.
   * Eventually consistent, and not a snapshot: what was just written may be missing, and what just
   * ended may still be there. Read a row strongly consistent before acting on it, or on its
   * absence.
   */
  sweep(options?: CallOptions): AsyncIterable<SweptItem>;
}

export interface SessionStore
  extends SessionWriter,
    SessionLister,
    LiveSessions,
    IdempotencyKeys,
    Leases,
    SessionSweeper {}
