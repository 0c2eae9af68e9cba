import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import type { SessionStore } from '@steppe/session-store/ports';

type Method =
  | 'get'
  | 'create'
  | 'update'
  | 'addLive'
  | 'removeLive'
  | 'putIdempotency'
  | 'deleteIdempotency';

export interface Fault {
  method: Method;
  /** The first call that fails; 1 is the very first. */
  from: number;
  /** How many calls fail; default 1. */
  times?: number;
  /** Whether the call is carried out before it throws, as if its response was lost. */
  done?: boolean;
}

/** The store, except that some calls of one method throw. */
export function failingStore(
  store: SessionStore,
  { method, from, times = 1, done = false }: Fault,
): SessionStore {
  let calls = 0;
  return new Proxy(store, {
    get(target, property) {
      const real: unknown = Reflect.get(target, property);
      if (property !== method || typeof real !== 'function') return real;
      return async (...args: unknown[]) => {
        calls += 1;
        const fails = calls >= from && calls < from + times;
        if (fails && !done) throw new SessionStoreUnavailableError('it is away');
        const result = await Reflect.apply(real, target, args);
        if (fails) throw new SessionStoreUnavailableError('its response was lost');
        return result;
      };
    },
  });
}
