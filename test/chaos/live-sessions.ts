import type { ProxiedSession } from '../embedded/faults/rig/proxied-session.ts';

/** The sessions that faults can target. */
export interface LiveSessions {
  add(session: ProxiedSession): void;
  remove(session: ProxiedSession): void;
  all(): ProxiedSession[];
  /** Marks a session whose agent is about to be killed: from now on the session may end. */
  doom(session: ProxiedSession): void;
  isDoomed(session: ProxiedSession): boolean;
  /** Resolves as soon as this many sessions are live at the same time. */
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
