import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import type { SessionStore } from '@steppe/session-store/ports';

export type Write =
  | 'create'
  | 'update'
  | 'addLive'
  | 'removeLive'
  | 'putIdempotency'
  | 'deleteIdempotency';

export interface LateStore {
  store: SessionStore;
  /** Carries out the write that was held back; throws if that write never began. */
  land(): Promise<unknown>;
}

/**
 * The store, except that one call of `write` exceeds its time limit: it throws, and is carried out
 * when the test says so.
 */
export function lateStore(real: SessionStore, write: Write, call = 1): LateStore {
  let calls = 0;
  let held: (() => unknown) | undefined;
  const store = new Proxy(real, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (property !== write || typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        calls += 1;
        if (calls !== call) return Reflect.apply(method, target, args);
        held = () => Reflect.apply(method, target, args);
        throw new SessionStoreUnavailableError('the session store did not respond in time');
      };
    },
  });
  return {
    store,
    async land() {
      if (!held) throw new Error(`there was no call ${call} of ${write}`);
      return held();
    },
  };
}
