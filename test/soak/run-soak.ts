import { setTimeout as delay } from 'node:timers/promises';
import { abortable } from '../../control-plane/abortable.ts';
import type { RunOptions } from '../support/programs/run-until-stopped.ts';
import type { SoakConfig } from './config.ts';
import { driveTenant } from './drive-tenant.ts';
import { excessOver, findRemains, isNothing, type Remains } from './inspect.ts';
import type { SoakRun } from './report.ts';
import { createSessionsClient } from './sessions-client.ts';
import type { SoakCluster } from './soak-cluster.ts';
import { createTally, type SoakTally } from './soak-tally.ts';

const tenants = ['north', 'east', 'south', 'west'];
const firstKillMs = 30_000;
const killEveryMs = 60_000;
const lookEveryMs = 5_000;
const sayEveryMs = 5_000;
/**
 * Long enough for the longest session to end, and for the passes of the reconciler to repair what a
 * killed control-plane leaves behind.
 */
const settleMs = 100_000;
const warmUpMs = 30_000;

interface SoakOptions extends Pick<SoakConfig, 'durationMs'>, RunOptions {
  startCluster: () => Promise<SoakCluster>;
}

/**
 * Creates and ends sessions for the given time, lets the last ones end, and counts what is left.
 * @throws the reason of `stop` if that aborts.
 */
export async function runSoak({
  durationMs,
  startCluster,
  stop,
  say,
}: SoakOptions): Promise<SoakRun> {
  say('starting the services');
  const cluster = await startCluster();
  try {
    stop.throwIfAborted();
    const tally = createTally();
    await warmUp(cluster, stop);
    const over = abortAfter(durationMs, stop);
    const progress = () =>
      `${tally.created} sessions, ${tally.full} refused, ${tally.kills} kills of the control-plane`;
    const drive = {
      instances: cluster.instances,
      quota: cluster.quota,
      random: Math.random,
      tally,
      over,
    };
    const reached = { url: cluster.url, onSurprise: tally.surprised };
    const driving = tenants.map((tenant) =>
      driveTenant({
        ...drive,
        client: createSessionsClient({ ...reached, signToken: () => cluster.tokenFor(tenant) }),
      }),
    );
    const watching = Promise.all([
      watchQuota(cluster, over),
      killNowAndThen(cluster, tally, over),
      repeat(sayEveryMs, over, async () => say(progress())),
      ...driving,
    ]);
    const [overQuota] = await abortable(watching, stop);
    say(`${progress()}; waiting for the last to end`);
    const remains = await settle(cluster, stop);
    const starts = await cluster.starts();
    await cluster.stop();
    const { created, full, kills, ways, broken, surprises } = tally;
    for (const why of new Set(broken)) say(`  a create was lost: ${why}`);
    const leaked = await cluster.instances.leaked();
    return {
      elapsedMs: durationMs,
      created,
      full,
      broken: broken.length,
      kills,
      ways,
      starts,
      overQuota,
      surprises,
      remains,
      leaked,
    };
  } finally {
    await cluster.close();
  }
}

/** Waits until the pools are full or starting, or the limit has passed. */
async function warmUp({ instances, warmInstances }: SoakCluster, stop: AbortSignal): Promise<void> {
  const until = performance.now() + warmUpMs;
  while (performance.now() < until) {
    stop.throwIfAborted();
    if ((await instances.present()).size >= warmInstances) return;
    await delay(100);
  }
}

async function watchQuota({ store, quota }: SoakCluster, over: AbortSignal): Promise<number> {
  let most = 0;
  await repeat(lookEveryMs, over, async () => {
    most = Math.max(most, await excessOver(store, quota));
  });
  return most;
}

const killNowAndThen = async (
  cluster: SoakCluster,
  tally: SoakTally,
  over: AbortSignal,
): Promise<void> => {
  const kill = async () => {
    tally.killed();
    await cluster.restartControlPlane();
  };
  await repeat(killEveryMs, over, kill, firstKillMs);
};

async function settle(cluster: SoakCluster, stop: AbortSignal): Promise<Remains> {
  const until = performance.now() + settleMs;
  for (;;) {
    stop.throwIfAborted();
    const remains = await findRemains(cluster);
    if (isNothing(remains) || performance.now() > until) return remains;
    await delay(200);
  }
}

/** Repeats the action with a pause before each time; the first pause may differ. */
async function repeat(
  pauseMs: number,
  over: AbortSignal,
  action: () => Promise<void>,
  firstPauseMs = pauseMs,
): Promise<void> {
  for (let nextMs = firstPauseMs; ; nextMs = pauseMs) {
    await delay(nextMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    await action();
  }
}

function abortAfter(ms: number, stop: AbortSignal): AbortSignal {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  const end = () => {
    clearTimeout(timer);
    over.abort();
  };
  if (stop.aborted) end();
  stop.addEventListener('abort', end);
  return over.signal;
}
