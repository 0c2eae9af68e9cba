import type { CreatedRoute } from '@steppe/contracts/created-route';
import type { Ids, SessionId } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import {
  SessionStoreThrottledError,
  SessionStoreUnavailableError,
} from '@steppe/session-store/errors';
import type { SessionReader } from '@steppe/session-store/ports';
import { LRUCache } from 'lru-cache';
import { type RouteEntry, toRouteEntry } from './route-entry.ts';

export interface Lookup {
  session: RouteEntry | null;
  source: 'hit' | 'stale' | 'miss';
  /**
   * True if the row comes from a strongly consistent read within `certainMs`: only then may a final
   * state be refused.
   */
  isCertain: boolean;
}

export interface RouteCache {
  /** Returns the row from memory if it is fresh. */
  known(sessionId: SessionId): Lookup | undefined;
  /**
   * Returns the row from memory if that is allowed, else by an eventually consistent read. Throws
   * whatever the store throws.
   */
  find(sessionId: SessionId): Promise<Lookup>;
  /**
   * Does a strongly consistent read that begins after this call. Throws whatever the store throws.
   */
  readAgain(sessionId: SessionId): Promise<Lookup>;
  /** Remembers a row that the control-plane has just written, as if it had been read now. */
  learn(created: CreatedRoute): void;
  evict(sessionId: SessionId): void;
}

export interface RouteCacheOptions {
  max: number;
  /**
   * How long a ready session's row is used from memory, varied by a half, so that rows that were
   * read together do not expire together.
   */
  ttlMs: number;
  /**
   * Up to this age, a row is still used while it is refreshed; during an outage of the store, it is
   * used at any age.
   */
  staleMs: number;
}

interface Dependencies {
  routes: SessionReader;
  clock: Pick<Clock, 'now'>;
  ids: Pick<Ids, 'random'>;
  /** Called when the store stops responding, and when it responds again. */
  onOutage?: (isOut: boolean, cause?: unknown) => void;
}

interface Entry {
  session: RouteEntry | null;
  readAt: number;
  freshUntil: number;
  certainUntil: number;
}

/** How long a final state from a strongly consistent read may be refused without another read. */
export const certainMs = 1_000;
const maxBackgroundReads = 4;
/** Each absence is used for a second. */
const maxAbsences = 10_000;

export function createRouteCache(
  options: RouteCacheOptions,
  dependencies: Dependencies,
): RouteCache {
  const { routes, clock, ids, onOutage } = dependencies;
  const entries = new LRUCache<SessionId, Entry>({ max: options.max });
  // Anybody can invent ids: unknown ones must never evict a session.
  const absences = new LRUCache<SessionId, Entry>({ max: maxAbsences });
  const flights = {
    eventual: new Map<SessionId, Promise<Entry>>(),
    consistent: new Map<SessionId, Promise<Entry>>(),
  };
  let inBackground = 0;
  let isOut = false;

  const reportOutage = (out: boolean, cause?: unknown) => {
    if (out !== isOut) onOutage?.(out, cause);
    isOut = out;
  };

  const toEntry = (session: RouteEntry | null, consistent: boolean): Entry => {
    const readAt = clock.now();
    const certainUntil = consistent ? readAt + certainMs : 0;
    const ttlMs = session?.state === 'ready' ? options.ttlMs * (0.5 + ids.random()) : certainMs;
    return { session, readAt, freshUntil: readAt + ttlMs, certainUntil };
  };

  const readRow = async (sessionId: SessionId, consistent: boolean): Promise<Entry> => {
    try {
      const record = await routes.get(sessionId, { consistent });
      reportOutage(false);
      return toEntry(record && toRouteEntry(record), consistent);
    } catch (error) {
      if (isStoreOutage(error)) reportOutage(true, error);
      throw error;
    }
  };

  /** An eventually consistent read may be older than the row in memory. */
  const remember = (sessionId: SessionId, entry: Entry): Entry => {
    const known = entries.get(sessionId)?.session;
    const isOlder = known && entry.session && entry.session.version < known.version;
    const kept = isOlder ? { ...entry, session: known } : entry;
    const [home, other] = kept.session ? [entries, absences] : [absences, entries];
    other.delete(sessionId);
    home.set(sessionId, kept);
    return kept;
  };

  /** Runs one read at a time for each session; callers during a read share it. */
  const read = (sessionId: SessionId, consistency: 'eventual' | 'consistent'): Promise<Entry> => {
    const running = flights[consistency];
    const joined = running.get(sessionId);
    if (joined) return joined;
    const isCurrent = () => running.get(sessionId) === flight;
    const flight: Promise<Entry> = readRow(sessionId, consistency === 'consistent')
      .then((entry) => (isCurrent() ? remember(sessionId, entry) : entry))
      .finally(() => isCurrent() && running.delete(sessionId));
    running.set(sessionId, flight);
    return flight;
  };

  const refresh = (sessionId: SessionId): void => {
    if (inBackground >= maxBackgroundReads || flights.eventual.has(sessionId)) return;
    inBackground++;
    read(sessionId, 'eventual')
      // Ignore the error: the next request tries again, and the outage has been reported.
      .catch(() => {})
      .finally(() => inBackground--);
  };

  const lookup = ({ session, certainUntil }: Entry, source: Lookup['source']): Lookup => ({
    session,
    source,
    isCertain: clock.now() < certainUntil,
  });

  const inMemory = (sessionId: SessionId) => entries.get(sessionId) ?? absences.get(sessionId);

  return {
    known(sessionId) {
      const known = inMemory(sessionId);
      return known && clock.now() < known.freshUntil ? lookup(known, 'hit') : undefined;
    },
    async find(sessionId) {
      const known = inMemory(sessionId);
      if (known && clock.now() < known.freshUntil) return lookup(known, 'hit');
      // Only a route is useful when it is stale: a refusal always needs a read.
      const route = known?.session?.state === 'ready' ? known : undefined;
      if (route && (isOut || clock.now() < route.readAt + options.staleMs)) {
        refresh(sessionId);
        return lookup(route, 'stale');
      }
      try {
        return lookup(await read(sessionId, 'eventual'), 'miss');
      } catch (error) {
        if (route && isStoreOutage(error)) return lookup(route, 'stale');
        throw error;
      }
    },
    async readAgain(sessionId) {
      flights.eventual.delete(sessionId);
      // A read that is already running may miss the change that this caller saw; all waiting
      // callers share the next one.
      await flights.consistent.get(sessionId)?.catch(() => {});
      return lookup(await read(sessionId, 'consistent'), 'miss');
    },
    learn: (created) => void remember(created.session_id, toEntry(toRouteEntry(created), false)),
    evict(sessionId) {
      entries.delete(sessionId);
      absences.delete(sessionId);
      flights.eventual.delete(sessionId);
    },
  };
}

export const isStoreOutage = (error: unknown): boolean =>
  error instanceof SessionStoreUnavailableError || error instanceof SessionStoreThrottledError;
