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
  /** The first call that fails; 1 is the first of all. */
  from: number;
  /** How many calls fail; 1 where absent. */
  times?: number;
  /** Whether the call is done before it throws, as one whose response was lost. */
  done?: boolean;
}

/** The store, but that some calls of one method throw. */
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
