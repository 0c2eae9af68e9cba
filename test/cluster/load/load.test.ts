import { CoreV1Api } from '@kubernetes/client-node';
import type { Session } from '@steppe/contracts/session';
import { label } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { beforeAll, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { python } from '../../support/api/languages.ts';
import { quantile, recordFigure } from '../harness/figures.ts';
import { useRelease } from '../harness/use-release.ts';
import { loadAdmin } from '../support/namespaces.ts';
import { runAtRate, runBurst, type SinceDue } from './open-loop.ts';

const poolSize = 10;
/** A service that requests as little as a session would wait for all of them together. */
const busyService = { requests: { cpu: '250m', memory: '96Mi' } };
const release = useRelease('load', {
  runtimes: { python: { pool_size: poolSize }, node: { pool_size: 0 } },
  controlPlane: { resources: busyService },
  dataPlane: { resources: busyService },
  dynamodb: { local: { resources: busyService } },
});

/** The pool starts more than one instance a second, so that it never runs empty. */
const creates = { perSecond: 1, count: 16 };
/** Those of the tests above. */
const leastSessions = creates.count + poolSize;
const stepsPerSecond = 4;
const secondsOfSteps = 10;
/** For all warm instances to be ready. */
const poolBoundMs = 90_000;

let client: Client;
/** Every session of the tenant, in the order in which they were created. */
const sessions: Session[] = [];
beforeAll(async () => {
  client = await release().newClient();
});

/** Waits until the pool is full and nothing starts. */
const untilPoolIsFull = () =>
  eventually(async () => {
    const core = loadAdmin().makeApiClient(CoreV1Api);
    const namespace = release().sessionsNamespace;
    const { items } = await core.listNamespacedPod({
      namespace,
      labelSelector: `!${label.session}`,
    });
    const states = items.map(({ metadata }) => metadata?.labels?.[label.state]);
    expect(states).toEqual(Array(poolSize).fill('warm'));
  }, poolBoundMs);

interface TimedCreate {
  session: Session;
  createMs: number;
  firstResultMs: number;
}

/** Creates a session and runs its first step. */
async function createAndRun(sinceDue: SinceDue, body: object = {}): Promise<TimedCreate> {
  const session = await client.createSession(body);
  const createMs = sinceDue();
  sessions.push(session);
  const { status } = await client.run(session.session_id, `x = 0\n${python.remember}`);
  expect(status).toBe('completed');
  return { session, createMs, firstResultMs: sinceDue() };
}

/** Ids sort by the time at which they were made: a warm instance is older than its session. */
const isWarm = ({ session: { session_id, instance_id } }: TimedCreate): boolean =>
  (instance_id ?? '').replace('ins_', '').toUpperCase() < session_id.replace('ses_', '');

function recordQuantiles(what: string, values: readonly number[], budgets: [string, string]): void {
  recordFigure({ what: `${what}, p50`, ms: quantile(values, 0.5), budget: budgets[0] });
  recordFigure({ what: `${what}, p95`, ms: quantile(values, 0.95), budget: budgets[1] });
}

test('creates at a steady rate get a session each, which runs its first step', async () => {
  await untilPoolIsFull();
  const timed = await runAtRate(creates, (_, sinceDue) => createAndRun(sinceDue));
  const warm = timed.filter(isWarm);
  recordQuantiles(
    `warm create (${warm.length} of ${timed.length} creates)`,
    warm.map(({ createMs }) => createMs),
    ['no budget', 'budget 60 ms'],
  );
  recordQuantiles(
    'warm create to first result',
    warm.map(({ firstResultMs }) => firstResultMs),
    ['budget 60 ms', 'budget 100 ms'],
  );
  expect(new Set(timed.map(({ session }) => session.instance_id)).size).toBe(creates.count);
});

test('a burst of as many creates as the pool holds needs no cold start', async () => {
  await untilPoolIsFull();
  const timed = await runBurst(poolSize, (_, sinceDue) => createAndRun(sinceDue));
  expect(timed.filter(isWarm)).toHaveLength(poolSize);
  recordQuantiles(
    `create in a burst of ${poolSize} against a full pool`,
    timed.map(({ createMs }) => createMs),
    ['no budget', 'no budget'],
  );
});

test('half of the sessions run steps at a steady rate; every step counts, and none disturbs the idle ones', async () => {
  while (sessions.length < leastSessions)
    await runBurst(1, (_, sinceDue) => createAndRun(sinceDue));
  await untilPoolIsFull();
  const busy = sessions.filter((_, index) => index % 2 === 0);
  const idle = sessions.filter((_, index) => index % 2 === 1);
  const perSecond = stepsPerSecond * busy.length;
  const steps = { perSecond, count: perSecond * secondsOfSteps };
  const stepsMs = await runAtRate(steps, async (index, sinceDue) => {
    const session = busy[index % busy.length];
    if (!session) throw new Error('no session is busy');
    const { status } = await client.run(session.session_id, 'x += 1');
    expect(status).toBe('completed');
    return sinceDue();
  });
  recordQuantiles(
    `routed step (${busy.length} of ${sessions.length} sessions at ${stepsPerSecond} steps/s)`,
    stepsMs,
    ['no budget', 'budget 10 ms'],
  );
  await Promise.all([
    ...busy.map((session) => expectResult(session, 'x', stepsPerSecond * secondsOfSteps)),
    ...idle.flatMap((session) => [
      expectResult(session, 'x', 0),
      expectResult(session, python.recall, 42),
    ]),
  ]);
});

test('creates that no warm instance fits start cold, one after another', async () => {
  const coldMs: number[] = [];
  for (const memory of ['300Mi', '301Mi', '302Mi']) {
    const [timed] = await runBurst(1, (_, sinceDue) =>
      createAndRun(sinceDue, { resources: { memory } }),
    );
    if (!timed) throw new Error('no create ran');
    expect(isWarm(timed)).toBe(false);
    coldMs.push(timed.createMs);
  }
  recordFigure({ what: 'cold create, p50', ms: quantile(coldMs, 0.5), budget: 'no budget' });
});

async function expectResult(session: Session, code: string, value: number): Promise<void> {
  const { results } = await client.run(session.session_id, code);
  expect(results).toMatchObject([{ 'text/plain': `${value}` }]);
}
