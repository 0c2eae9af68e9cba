import { randomUUID } from 'node:crypto';
import { type Session, sessionSchema } from '@steppe/contracts/session';
import { podsPerPage } from '@steppe/control-plane/provisioner/kubernetes/api/list-all-pods';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { writeRows } from '@steppe/session-store/testing/write-rows';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordLine } from '../harness/figures.ts';
import { cluster } from '../support/cluster-program.ts';
import { isExistingCluster, isFullScale } from '../support/config.ts';
import { prepareControlPlane, type RecordedControlPlane } from './recorded/control-plane.ts';
import { type Measurement, measure } from './recorded/measure.ts';

import { type SimulatedNodes, startSimulatedNodes } from './simulated/nodes.ts';
import { createPods } from './simulated/pods.ts';
import { endedSession, readySession, tenantOf } from './simulated/sessions.ts';

/** Each has a pod and a live row; the other rows are of sessions that ended. */
const sizes = isFullScale()
  ? [
      { pods: 5_000, rows: 50_000 },
      { pods: 10_000, rows: 100_000 },
    ]
  : [
      { pods: 500, rows: 5_000 },
      { pods: 1_000, rows: 10_000 },
    ];
type Size = (typeof sizes)[number];

const podsPerNode = 100;
const warmPods = 2;
const boundMs = isFullScale() ? 600_000 : 120_000;
const group = `scale-${randomUUID().slice(0, 8)}`;

/** The policy enforcer and kube-proxy know every pod too, and need not for ROUTE_ADDRESS=pod. */
const stopped = ['netpol', 'kube-proxy'] as const;

describe.skipIf(isExistingCluster())('a control-plane with many sessions', () => {
  let nodes: SimulatedNodes;
  let controlPlane: RecordedControlPlane;
  beforeAll(async () => {
    for (const component of stopped) await cluster('kill', component);
    nodes = await startSimulatedNodes(group, largest().pods / podsPerNode);
    controlPlane = await prepareControlPlane(warmPods);
  }, boundMs);
  afterAll(async () => {
    await controlPlane?.close();
    await nodes?.close();
    for (const component of stopped) await cluster('restart', component);
  }, boundMs);

  let filled: Size = { pods: 0, rows: 0 };
  /** A control-plane that ran meanwhile would remove the pods that have no row yet. */
  const fillUpTo = async (size: Size) => {
    const { api, dynamoDb, tableName } = controlPlane.admin;
    const live = range(filled.pods, size.pods).map((at) => readySession(tenantOf(group, at)));
    const ended = size.rows - size.pods - (filled.rows - filled.pods);
    const rest = range(0, ended).map((at) => endedSession(tenantOf(group, at)));
    await controlPlane.stop();
    await writeRows(dynamoDb, tableName, [...live, ...rest]);
    await createPods(api, live, nodes.names, boundMs);
    filled = size;
    await controlPlane.start();
    await eventually(async () => {
      expect(await controlPlane.metric('steppe_pods{')).toBe(size.pods + warmPods);
    }, boundMs);
  };

  test('a pass, a list and a create take no more than their share of work when sessions double', {
    timeout: 2 * boundMs,
  }, async () => {
    const measured: Measurement[] = [];
    for (const size of sizes) {
      await fillUpTo(size);
      measured.push(await measure(controlPlane, { ...size, tenant: tenantOf(group, 0), boundMs }));
    }
    measured.forEach(report);
    const [small, large] = measured;
    if (!small || !large) throw new Error('two sizes are compared');
    const growth = large.pods / small.pods;
    for (const key of ['pages', 'podBytes', 'queries', 'readUnits'] as const)
      expect(large.pass[key], key).toBeLessThanOrEqual(growth * small.pass[key]);
    for (const { pass, pods } of measured) {
      expect(pass.pages).toBe(Math.ceil((pods + warmPods) / podsPerPage));
      expect(pass.rowReads).toBe(0);
    }
    expect(large.list).toEqual(small.list);
    expect(large.create).toEqual(small.create);
    expect(await controlPlane.metric('steppe_reconciler_actions_total{')).toBe(0);
  });

  test('a create during a pass completes before the pass ends', { timeout: boundMs }, async () => {
    const completed = () =>
      controlPlane.metric('steppe_reconciler_passes_total{outcome="complete"');
    const page = controlPlane.api.holdNextPage();
    await page.reached;
    const before = await completed();
    const session = await create();
    expect(await completed()).toBe(before);
    page.release();
    await eventually(async () => expect(await completed()).toBeGreaterThan(before));
    expect(session.state).toBe('ready');
  });

  const create = async (): Promise<Session> => {
    const response = await controlPlane.call(`${group}-new`, 'POST', '/v1/sessions');
    expect(response.status).toBe(201);
    return sessionSchema.parse(await response.json());
  };
});

function largest(): Size {
  const last = sizes.at(-1);
  if (!last) throw new Error('there is no size');
  return last;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, at) => from + at);

const report = ({ pods, rows, ...of }: Measurement): void => {
  const { pages, podBytes, queries, readUnits } = of.pass;
  const mb = (podBytes / 1024 / 1024).toFixed(1);
  recordLine(
    [
      `with ${pods} pods and ${rows} rows: pass ${ms(of.passMs)}`,
      `(${pages} pages of pods, ${mb} MB; ${queries} queries, ${readUnits} read units),`,
      `list of 50 ${ms(of.listMs)}, create from the pool ${ms(of.createMs)},`,
      `control-plane ${of.residentMb.toFixed(0)} MB resident, ${of.heapMb.toFixed(0)} MB heap,`,
      `longest turn of its event loop ${ms(of.turnMs)}`,
    ].join(' '),
  );
};

const ms = (value: number): string => `${value.toFixed(0)} ms`;
