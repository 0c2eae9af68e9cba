import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Language } from '@steppe/contracts/session';
import type { RunOptions } from '../support/programs/run-until-stopped.ts';
import { createRandom } from '../support/random.ts';
import type { ChaosCluster, ChaosSession } from './chaos-cluster.ts';
import type { ChaosConfig } from './config.ts';
import { driveSessions } from './drive/drive-sessions.ts';
import { checkHistory } from './history/check-history.ts';
import type { StepRecord } from './history/history.ts';
import { type FaultCounts, injectFaults } from './inject-faults.ts';
import { createLiveSessions, type LiveSessions } from './live-sessions.ts';
import type { ChaosRun } from './report.ts';

const languages: readonly Language[] = ['python', 'node'];
const progressEveryMs = 5_000;
/** If the first sessions have not begun by then, the run fails. */
const beginLimitMs = 120_000;

interface ChaosOptions<S extends ChaosSession>
  extends Pick<ChaosConfig, 'durationMs' | 'seed'>,
    RunOptions {
  startCluster: () => Promise<ChaosCluster<S>>;
}

/**
 * Drives sessions and injects faults for the given time, settles the pending steps, and checks the
 * whole history against the contract.
 */
export async function runChaos<S extends ChaosSession>(
  options: ChaosOptions<S>,
): Promise<ChaosRun> {
  const { seed, say, startCluster } = options;
  say(`starting the services (SEED=${seed})`);
  const cluster = await startCluster();
  try {
    const live = createLiveSessions<S>();
    const harmed = await driveAndHarm(options, { cluster, live, random: createRandom(seed) });
    const violations = checkHistory(harmed.history, cluster.runs());
    violations.other.push(...harmed.surprises);
    const failures = await cluster.failures();
    return { ...harmed, seed, violations, failures, leftovers: await cluster.leftovers() };
  } finally {
    await cluster.close();
  }
}

interface Parts<S extends ChaosSession> {
  cluster: ChaosCluster<S>;
  live: LiveSessions<S>;
  random: () => number;
}

async function driveAndHarm<S extends ChaosSession>(
  { durationMs, stop, say }: ChaosOptions<S>,
  parts: Parts<S>,
) {
  const { sessionsAtOnce, faultGroups } = parts.cluster;
  const over = new AbortController();
  stop.addEventListener('abort', () => over.abort());
  const [history, surprises]: [StepRecord[], string[]] = [[], []];
  const counts: FaultCounts = new Map();
  const drive = { ...parts, history, surprises, over: over.signal, stop };
  const driving = languages.flatMap((language) =>
    Array.from({ length: sessionsAtOnce[language] }, () => driveSessions({ ...drive, language })),
  );
  const late = delay(beginLimitMs, 'late', { ref: false, signal: over.signal }).catch(
    () => undefined,
  );
  const begun = parts.live.atLeast(driving.length);
  if ((await Promise.race([begun, once(stop, 'abort'), late])) === 'late') {
    over.abort();
    throw new Error(`the sessions do not begin: ${surprises.join('; ')}`);
  }

  const [startedAt, stepsBefore] = [Date.now(), history.length];
  const progress = () =>
    `${history.length} steps, ${[...counts.values()].reduce((sum, count) => sum + count, 0)} faults`;
  const telling = setInterval(() => say(progress()), progressEveryMs);
  const timer = setTimeout(() => over.abort(), durationMs);
  try {
    const injection = { victims: parts, counts, signal: over.signal };
    await Promise.all(faultGroups.map((group) => injectFaults({ ...group, ...injection })));
  } finally {
    clearInterval(telling);
    clearTimeout(timer);
    over.abort();
  }
  const harmed = { elapsedMs: Date.now() - startedAt, stepsHarmed: history.length - stepsBefore };
  say(`${progress()}; settling what is under way`);
  await Promise.all(driving);
  return { ...harmed, history, surprises, faults: counts };
}
