import { existsSync } from 'node:fs';
import type { ProxiedSession } from '../embedded/faults/rig/proxied-session.ts';
import { runningInstances, tracesOf } from '../embedded/harness/traces.ts';

/** The sessions that can be harmed, and what is left of all that ever were. */
export interface LiveSessions {
  add(session: ProxiedSession): void;
  remove(session: ProxiedSession): void;
  all(): ProxiedSession[];
  /** Resolves when so many are live at once for the first time. */
  atLeast(count: number): Promise<void>;
  /** Processes and directories that should be gone once the services are. */
  leftovers(): string[];
}

export function createLiveSessions(): LiveSessions {
  const live = new Set<ProxiedSession>();
  const waiting = new Set<() => void>();
  const directories = new Map<string, string | undefined>();
  return {
    add(session) {
      live.add(session);
      for (const check of waiting) check();
      directories.set(session.instanceId, tracesOf(session.instanceId).directory);
    },
    remove: (session) => void live.delete(session),
    all: () => [...live],
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
    leftovers() {
      const running = runningInstances();
      return [...directories].flatMap(([instanceId, directory]) => [
        ...(running.has(instanceId) ? [`a process of ${instanceId}`] : []),
        ...(directory && existsSync(directory) ? [directory] : []),
      ]);
    },
  };
}
