import { createIds } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { expect, test } from 'vitest';
import { createHistory, type FaultGroup } from '../history/history.ts';
import type { RuleName } from '../history/rules.ts';
import type { PodView } from '../history/world-view.ts';
import { Kernel } from '../kernel/kernel.ts';
import { createSimulatedClock } from '../kernel/simulated-clock.ts';
import { makeRow } from '../testing/make-row.ts';
import { keepVigil, podEndMs, promptMs } from './keep-vigil.ts';

const times = { provisioningMs: 30_000, graceMs: 10_000, intervalMs: 20_000, leaseMs: 60_000 };
const limitMs = 600_000;

interface Scene {
  state: SessionRecord['state'];
  isCounted?: boolean;
  hasKey?: boolean;
  /** After its creation. */
  endedAfterMs?: number;
  hasNoRow?: boolean;
  hasPod?: boolean;
  /** Its pod was never ready. */
  isStarting?: boolean;
  endOfInstance?: string;
  poolSize?: number;
  fault?: FaultGroup;
  /** Absent: in the middle of the time that the product has. */
  faultAfterMs?: number;
  /** When everything is as it should be. */
  healedAfterMs?: number;
}

async function found(scene: Scene): Promise<string[]> {
  const kernel = new Kernel({ seed: 1 });
  const history = createHistory(kernel);
  const id = createIds(createSimulatedClock(kernel)).sessionId();
  const ended_at = new Date(kernel.nowMs + (scene.endedAfterMs ?? 0)).toISOString();
  const row = makeRow(kernel.nowMs, { state: scene.state, session_id: id, ended_at });
  const rows = new Map<string, SessionRecord>(scene.hasNoRow ? [] : [[id, row]]);
  const liveSets = new Map([['acme', scene.isCounted ? [id] : []]]);
  const keys = new Map(scene.hasKey ? [['key', id]] : []);
  let pods: PodView[] = scene.hasPod
    ? [{ instanceId: 'ins_1', sessionId: id, isStarting: !!scene.isStarting, isReady: true }]
    : [];
  if (scene.endOfInstance)
    history.instanceEnds.set('ins_1', { reason: scene.endOfInstance, atMs: kernel.nowMs });
  const table = { rows, liveSets, keys };
  const view = { table, pods: () => pods, strayServices: () => [], poolSize: 0, times };
  keepVigil(kernel, history, { ...view, poolSize: scene.poolSize ?? 0 });
  const { fault, healedAfterMs } = scene;
  if (fault)
    kernel.schedule(scene.faultAfterMs ?? promptMs / 2, kernel.world, 'fault', () =>
      history.fault(fault, 'test'),
    );
  if (healedAfterMs)
    kernel.schedule(healedAfterMs, kernel.world, 'heal', () => {
      for (const items of [rows, liveSets, keys]) items.clear();
      pods = [{ instanceId: 'ins_2', sessionId: undefined, isStarting: false, isReady: true }];
    });
  await kernel.run(limitMs);
  return history.violations.map(({ rule }) => rule);
}

const scenes: [RuleName, Scene, number][] = [
  ['late-quota-release', { state: 'ended', isCounted: true }, promptMs],
  ['late-row-end', { state: 'ready', isCounted: true, endOfInstance: 'evicted' }, promptMs],
  ['late-pod-end', { state: 'ended', hasPod: true }, podEndMs],
  ['late-pod-end', { state: 'failed', hasPod: true, isStarting: true }, promptMs],
  ['late-provisioning', { state: 'provisioning', isCounted: true }, 140_000],
  ['late-key-release', { state: 'failed', hasKey: true }, promptMs],
  ['late-key-release', { state: 'failed', hasKey: true, hasNoRow: true }, promptMs],
  ['late-pool-refill', { state: 'ended', poolSize: 1 }, 65_000],
];

test.each(scenes)('finds once by %s what has not healed in its time', async (rule, scene) => {
  expect(await found(scene)).toEqual([rule]);
});

test.each(scenes)('finds nothing by %s in what healed in its time', async (_, scene, timeMs) => {
  expect(await found({ ...scene, healedAfterMs: timeMs - 1_000 })).toEqual([]);
});

const hindered = scenes.filter(([rule]) => rule !== 'late-provisioning');

test.each(hindered)('finds nothing by %s in what a fault hindered', async (_, scene, timeMs) => {
  const healedAfterMs = timeMs + 10_000;
  expect(await found({ ...scene, fault: 'process', healedAfterMs })).toEqual([]);
});

const healedAtLast = scenes.filter(([rule]) => /late-(pod-end|pool-refill)/.test(rule));

test.each(healedAtLast)('finds by %s what nobody heals after a fault', async (rule, scene) => {
  expect(await found({ ...scene, fault: 'process' })).toEqual([rule]);
});

test('gives a reconciler its time after a fault, in which creates die', async () => {
  const scene: Scene = { state: 'provisioning', isCounted: true, fault: 'process' };
  expect(await found(scene)).toEqual(['late-provisioning']);
  const late = { ...scene, faultAfterMs: 100_000 };
  expect(await found({ ...late, healedAfterMs: 205_000 })).toEqual([]);
  expect(await found({ ...late, healedAfterMs: 215_000 })).toEqual(['late-provisioning']);
});

test('expects no release of a key by a create that may have died long before its row ended', async () => {
  const scene: Scene = { state: 'failed', hasKey: true, isCounted: true, endedAfterMs: 100_000 };
  expect(await found(scene)).toEqual(['late-quota-release', 'late-key-release']);
  expect(await found({ ...scene, fault: 'process' })).toEqual(['late-quota-release']);
});

test('does not excuse by a fault of the cluster what needs the table alone', async () => {
  const scene: Scene = { state: 'ended', isCounted: true, fault: 'cluster' };
  expect(await found(scene)).toEqual(['late-quota-release']);
});
