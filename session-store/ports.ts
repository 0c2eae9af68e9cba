import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { SessionState } from '@steppe/contracts/session';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { SessionStoreCorruptError } from './errors.ts';
import type { LiveEntry } from './live-entry.ts';

/**
 * Every method ends within the store's time limit. It throws `SessionStoreUnavailableError`,
 * `SessionStoreThrottledError` or `SessionStoreCorruptError` (errors.ts), or the reason of `signal`
 * if the signal was aborted. A write that throws one of the first two, or was aborted, may have
 * been executed, or may still be at any later moment (`isAmbiguous`): a read that does not see it
 * proves nothing.
 */
export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface ReadOptions extends CallOptions {
  /**
   * True: sees every write that was acknowledged before. False: costs half as much, and may be some
   * hundred ms old.
   */
  consistent: boolean;
}

export interface SessionReader {
  /** Returns the row, or null if there is none. It may return a row past its `purge_at`. */
  get(sessionId: SessionId, options: ReadOptions): Promise<SessionRecord | null>;
}

export type UpdateOutcome =
  | { outcome: 'updated'; record: SessionRecord }
  /** Somebody else wrote in the meantime; `current` is a strongly consistent read. */
  | { outcome: 'lost'; current: SessionRecord }
  | { outcome: 'absent' };

export interface SessionWriter extends SessionReader {
  /**
   * Writes the row unless its id is taken; never changes an existing row. Safe against the store's
   * own retries.
   */
  create(record: SessionRecord, options?: CallOptions): Promise<'created' | 'exists'>;
  /**
   * Replaces the whole row by `next` if its version is still `expectedVersion`, and increments its
   * version (the one in `next` is ignored). Attributes that only a newer version knows are kept. Of
   * any number of updates that expect the same version, exactly one is `updated`.
   */
  update(
    next: SessionRecord,
    expectedVersion: number,
    options?: CallOptions,
  ): Promise<UpdateOutcome>;
}

export interface ListQuery extends CallOptions {
  /** Rows per page, at least 1. */
  limit: number;
  /** `nextCursor` of the previous page. */
  cursor?: string | undefined;
  state?: SessionState | undefined;
  /** Pairs that a row's metadata must all contain; no name may be empty. */
  metadata?: Readonly<Record<string, string>> | undefined;
}

export interface SessionPage {
  sessions: SessionRecord[];
  /**
   * Rows that cannot be read are returned here instead of thrown, so that they never hide the
   * others.
   */
  corrupt: SessionStoreCorruptError[];
  /** Null after the last page. A short or even empty page with a cursor is not the last one. */
  nextCursor: string | null;
}

export interface SessionLister {
  /**
   * Lists the tenant's rows, newest first; rows of one millisecond have a stable order. Following
   * the cursor returns every row that existed from the start exactly once, whatever is written in
   * the meantime. Eventually consistent. A cursor may be used with other filters than it was
   * created with.
   * @throws CursorRejectedError for a cursor that is malformed or another tenant's.
   */
  listByTenant(tenantId: TenantId, query: ListQuery): Promise<SessionPage>;
}

/** The set of live session ids of each tenant: the quota. Always strongly consistent. */
export interface LiveSessions {
  /**
   * Adds the id while the set holds fewer than `max` ids, exact under concurrency. An id that is
   * already in the set is `added`, even above `max`.
   */
  addLive(
    tenantId: TenantId,
    sessionId: SessionId,
    max: number,
    options?: CallOptions,
  ): Promise<'added' | 'full'>;
  /** Removes the id; does nothing if it is absent. */
  removeLive(tenantId: TenantId, sessionId: SessionId, options?: CallOptions): Promise<void>;
  /** Returns the ids in no particular order. */
  listLive(tenantId: TenantId, options?: CallOptions): Promise<SessionId[]>;
}

export interface IdempotencyItem {
  session_id: SessionId;
  body_hash: string;
  /** Seconds of Unix time from which the key counts as never used. */
  expires: number;
}

export type PutIdempotencyOutcome =
  | { outcome: 'stored' }
  | { outcome: 'exists'; item: IdempotencyItem };

/**
 * Maps each tenant's `Idempotency-Key` to its item; a key may be any text. Always strongly
 * consistent.
 */
export interface IdempotencyKeys {
  /**
   * Stores the item unless the key holds one that has not expired. Of any number of concurrent
   * calls, exactly one is `stored`.
   */
  putIdempotency(
    tenantId: TenantId,
    key: string,
    item: IdempotencyItem,
    options?: CallOptions,
  ): Promise<PutIdempotencyOutcome>;
  /** Returns null if there is no item or it has expired. */
  getIdempotency(
    tenantId: TenantId,
    key: string,
    options?: CallOptions,
  ): Promise<IdempotencyItem | null>;
  /** Rolls back a put: deletes the item if it belongs to that session, else does nothing. */
  deleteIdempotency(
    tenantId: TenantId,
    key: string,
    sessionId: SessionId,
    options?: CallOptions,
  ): Promise<void>;
}

/**
 * A lease belongs to one holder until `ttlMs` after its last `acquireLease` or `renewLease`; after
 * that, another holder may acquire it, for example because the first one died. `now` is the
 * caller's clock in ms of Unix time: the ttl must be far greater than the difference between the
 * callers' clocks.
 */
export interface Leases {
  /** Acquires a lease that is free, expired or already the holder's. */
  acquireLease(
    name: string,
    holder: string,
    ttlMs: number,
    now: number,
    options?: CallOptions,
  ): Promise<'acquired' | 'held'>;
  /**
   * Returns `lost` once somebody else acquired the lease or it was released. Renews an expired
   * lease that nobody acquired.
   */
  renewLease(
    name: string,
    holder: string,
    ttlMs: number,
    now: number,
    options?: CallOptions,
  ): Promise<'renewed' | 'lost'>;
  /** Releases the lease if it is the holder's, else does nothing. */
  releaseLease(name: string, holder: string, options?: CallOptions): Promise<void>;
}

export type SweptItem =
  | { kind: 'session'; entry: LiveEntry }
  | { kind: 'live_set'; tenantId: TenantId; sessionIds: SessionId[] }
  /** An item that cannot be read is returned instead of thrown, so that it never stops a sweep. */
  | { kind: 'corrupt'; error: SessionStoreCorruptError };

export interface SessionSweeper {
  /**
   * Returns every row that is `provisioning` or `ready` and every live set that is not empty, in no
   * order. The cost grows with the number of live sessions, not with the table; it is never called
   * on the path of a request. Eventually consistent, and not a snapshot: it may miss recent writes
   * and return sessions that just ended. Read a row strongly consistent before acting on it, or on
   * its absence.
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
