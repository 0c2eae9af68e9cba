import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Language } from '@steppe/contracts/session';
import { startProxiedCluster } from '../embedded/faults/rig/proxied-cluster.ts';
import { leakedDirectories, leakedProcesses } from '../support/processes/instance-leaks.ts';
import type { RunOptions } from '../support/programs/run-until-stopped.ts';
import { createRandom } from '../support/random.ts';
import { checkHistory } from './check-history.ts';
import type { ChaosConfig } from './config.ts';
import { type Drive, driveSessions } from './drive-sessions.ts';
import { processFaults, storeFaults } from './faults.ts';
import { findFailures } from './find-failures.ts';
import type { StepRecord } from './history.ts';
import { hostileFaults } from './hostile-faults.ts';
import { type FaultCounts, injectFaults } from './inject-faults.ts';
import { createLiveSessions } from './live-sessions.ts';
import { readRuns } from './read-runs.ts';
import type { ChaosRun } from './report.ts';

const languages = ['python', 'node'] as const;
const sessionsAtOnce: Record<Language, number> = { python: 4, node: 4 };
const progressEveryMs = 5_000;
/** If the first sessions have not begun by then, the run fails. */
const beginLimitMs = 120_000;

const serviceEnv = {
  // Routes expire fast, so that faults of DynamoDB take effect.
  ROUTE_TTL_MS: '1000',
  LOG_LEVEL: 'error',
  // Suppresses a notice of the SDK about Node versions.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

type ChaosOptions = ChaosConfig & RunOptions;

/**
 * Drives sessions and injects faults for the given time, settles the pending steps, and checks the
 * whole history against the contract.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosRun> {
  const { seed, say } = options;
  const runsDirectory = mkdtempSync(join(tmpdir(), 'steppe-chaos-'));
  say(`starting the services (SEED=${seed})`);
  try {
    const cluster = await startProxiedCluster(serviceEnv);
    const live = createLiveSessions();
    try {
      const harmed = await driveAndHarm(options, {
        cluster,
        live,
        runsDirectory,
        random: createRandom(seed),
      });
      const violations = checkHistory(harmed.history, readRuns(runsDirectory));
      violations.other.push(...harmed.surprises);
      const failures = findFailures(cluster);
      await cluster.close();
      const { instancesDirectory } = cluster.services;
      const processes = leakedProcesses(instancesDirectory).map((pid) => `process ${pid}`);
      return {
        ...harmed,
        seed,
        violations,
        failures,
        leftovers: [...processes, ...leakedDirectories(instancesDirectory)],
      };
    } finally {
      await cluster.close();
    }
  } finally {
    rmSync(runsDirectory, { recursive: true });
  }
}

type Parts = Pick<Drive, 'cluster' | 'live' | 'runsDirectory' | 'random'>;

async function driveAndHarm({ durationMs, stop, say }: ChaosOptions, parts: Parts) {
  const over = new AbortController();
  stop.addEventListener('abort', () => over.abort());
  const [history, surprises]: [StepRecord[], string[]] = [[], []];
  const faults: FaultCounts = new Map();
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
    `${history.length} steps, ${[...faults.values()].reduce((sum, count) => sum + count, 0)} faults`;
  const telling = setInterval(() => say(progress()), progressEveryMs);
  const timer = setTimeout(() => over.abort(), durationMs);
  try {
    await Promise.all([
      injectFaults({
        faults: processFaults,
        victims: parts,
        counts: faults,
        pauseMs: 400,
        signal: over.signal,
      }),
      injectFaults({
        faults: hostileFaults,
        victims: parts,
        counts: faults,
        pauseMs: 300,
        signal: over.signal,
      }),
      injectFaults({
        faults: storeFaults,
        victims: parts,
        counts: faults,
        pauseMs: 1_500,
        signal: over.signal,
      }),
    ]);
  } finally {
    clearInterval(telling);
    clearTimeout(timer);
    over.abort();
  }
  const harmed = { elapsedMs: Date.now() - startedAt, stepsHarmed: history.length - stepsBefore };
  say(`${progress()}; settling what is under way`);
  await Promise.all(driving);
  return { ...harmed, history, surprises, faults };
}
