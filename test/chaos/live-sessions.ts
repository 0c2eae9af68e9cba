import type { ProxiedSession } from '../embedded/faults/rig/proxied-session.ts';

/** The sessions that can be harmed. */
export interface LiveSessions {
  add(session: ProxiedSession): void;
  remove(session: ProxiedSession): void;
  all(): ProxiedSession[];
  /** Its agent is about to be killed: from now on it may end. */
  doom(session: ProxiedSession): void;
  isDoomed(session: ProxiedSession): boolean;
  /** Resolves when so many are live at once for the first time. */
  atLeast(count: number): Promise<void>;
}

export function createLiveSessions(): LiveSessions {
  const live = new Set<ProxiedSession>();
  const doomed = new WeakSet<ProxiedSession>();
  const waiting = new Set<() => void>();
  return {
    add(session) {
      live.add(session);
      for (const check of waiting) check();
    },
    remove: (session) => void live.delete(session),
    all: () => [...live],
    doom: (session) => void doomed.add(session),
    isDoomed: (session) => doomed.has(session),
    atLeast: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (live.size < count) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}
