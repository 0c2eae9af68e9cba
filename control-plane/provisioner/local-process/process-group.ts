import { setTimeout as delay } from 'node:timers/promises';

const limitMs = 3_000;
const lookEveryMs = 20;

/**
 * Waits until the group has no process: a supervisor that lost its agent needs up to two seconds to
 * end what runs below it. What is left after three is killed. The number cannot become another
 * group's while this one has members.
 */
export async function awaitEmptyGroup(leaderPid: number): Promise<void> {
  const until = performance.now() + limitMs;
  while (signalGroup(leaderPid, 0)) {
    if (performance.now() > until) {
      signalGroup(leaderPid, 'SIGKILL');
      return;
    }
    await delay(lookEveryMs);
  }
}

/** False where the group has no process. */
function signalGroup(leaderPid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leaderPid, signal);
  } catch {
    return false;
  }
}
