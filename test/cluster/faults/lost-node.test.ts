import { CoreV1Api } from '@kubernetes/client-node';
import type { Session } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { python } from '../../support/api/languages.ts';
import { letGo, resultOf, stepThatWrote } from '../../support/api/steps.ts';
import {
  boundMs,
  expectNothingLeft,
  podOf,
  readSession,
  untilState,
  valuesUnderFaults,
} from '../death/release-under-faults.ts';
import { useRelease } from '../harness/use-release.ts';
import { cluster } from '../support/cluster-program.ts';
import { cutOffPods } from '../support/cut-off-pods.ts';
import { podsAndServicesNamed } from '../support/named-objects.ts';
import { loadAdmin } from '../support/namespaces.ts';
import { keepServing, readNode, shortenEviction } from './node-loss.ts';
import { createReadyNode, type ReadyNode } from './ready-node.ts';

/** A create without a node fails after this time. */
const provisioningSeconds = 10;
const release = useRelease('lost-node', {
  ...valuesUnderFaults,
  limits: { ...valuesUnderFaults.limits, provisioningSeconds },
  sessions: { poolSize: 2 },
});

let secondNode: ReadyNode | undefined;
let restorePods: () => Promise<void> = async () => {};

beforeAll(async () => {
  await keepServing(release());
  await cluster('restart', 'kube-controller-manager', { STEPPE_CLUSTER_NODE_GRACE: '15s' });
});
afterEach(async () => {
  await returnNode();
  await secondNode?.delete();
  secondNode = undefined;
});
afterAll(() => cluster('restart', 'kube-controller-manager'));

/** Stops the kubelet, and drops the packets of the sessions. */
async function loseNode(...sessions: Session[]): Promise<void> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const namespace = release().sessionsNamespace;
  const pods = await Promise.all(
    sessions.map((session) => core.readNamespacedPod({ name: podOf(session), namespace })),
  );
  restorePods = await cutOffPods(pods.map(({ status }) => status?.podIP ?? ''));
  await cluster('kill', 'kubelet');
}

async function returnNode(): Promise<void> {
  await restorePods();
  await cluster('restart', 'kubelet');
  await untilNode({ isReady: true, evicts: false });
}

const untilNode = (state: { isReady: boolean; evicts: boolean }) =>
  eventually(async () => expect(await readNode()).toEqual(state), boundMs);

interface Opened {
  client: Client;
  session: Session;
  id: string;
}

/** A session of a tenant of its own, which outlives its node for so long, not for a minute. */
async function open(tolerationSeconds: number): Promise<Opened> {
  const client = await release().newClient();
  const session = await eventually(() => client.createSession(), boundMs);
  await client.run(session.session_id, python.remember);
  await shortenEviction(release().sessionsNamespace, podOf(session), tolerationSeconds);
  return { client, session, id: session.session_id };
}

async function openBoth({ tolerationSeconds }: { tolerationSeconds: number }) {
  const idle = await open(tolerationSeconds);
  const streaming = await open(tolerationSeconds);
  const { client, id } = streaming;
  const body = { code: python.waitForGo, step_id: 'runs' };
  const accept = { accept: 'application/x-ndjson' };
  const stream = await client.call('POST', `/v1/sessions/${id}/steps`, body, accept);
  await stepThatWrote(client, id, 'runs', 'waiting');
  return { idle, streaming, stream: stream.text().catch(() => 'broken off') };
}

test('a cluster whose last node is lost ends no session: calls are 503 until a node returns', async () => {
  const { idle, streaming, stream } = await openBoth({ tolerationSeconds: 15 });
  const creating = await release().newClient();
  const callIdle = () =>
    idle.client.errorOf(idle.client.call('POST', `/v1/sessions/${idle.id}/steps`, { code: '' }));
  secondNode = await createReadyNode();
  await loseNode(idle.session, streaming.session);
  // On a connection that the data-plane has kept, an agent that is lost is one that hangs.
  const first = callIdle();
  await untilNode({ isReady: false, evicts: true });
  // While no node is ready, Kubernetes takes back the taint that evicts.
  await secondNode.report(false);
  await untilNode({ isReady: false, evicts: false });
  const create = creating.call('POST', '/v1/sessions', { resources: { memory: '200Mi' } });
  expect([503, 504]).toContain((await first).status);
  expect(await callIdle()).toMatchObject({ status: 503, code: 'runtime_unreachable' });
  expect(await creating.errorOf(create)).toMatchObject({
    status: 503,
    code: 'provisioning_failed',
    details: { end_reason: 'unschedulable' },
  });
  // The create took longer than the sessions would have had.
  expect(await readNode()).toEqual({ isReady: false, evicts: false });
  for (const { client, id } of [idle, streaming])
    expect(await readSession(client, id)).toMatchObject({ state: 'ready' });
  await returnNode();
  expect(await idle.client.run(idle.id, python.recall)).toMatchObject({
    status: 'completed',
    epoch: 1,
  });
  await eventually(() => letGo(streaming.client, streaming.id), boundMs);
  expect(await resultOf(streaming.client, streaming.id, 'runs')).toMatchObject({
    status: 'completed',
    stdout: 'waiting\n',
  });
  await stream;
  for (const { client, id } of [idle, streaming])
    expect((await client.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
});

test('a lost node ends its sessions, idle and streaming, and nothing of them is left', async () => {
  const { idle, streaming, stream } = await openBoth({ tolerationSeconds: 5 });
  secondNode = await createReadyNode();
  await loseNode(idle.session, streaming.session);
  for (const { client, id, session } of [idle, streaming]) {
    expect(await untilState(client, id, 'ended')).toMatchObject({ end_reason: 'node_lost' });
    const step = client.call('POST', `/v1/sessions/${id}/steps`, { code: '' });
    expect(await client.errorOf(step)).toMatchObject({
      status: 410,
      code: 'session_ended',
      details: { end_reason: 'node_lost' },
    });
    await eventually(async () => {
      const { sessionsNamespace } = release();
      expect(await podsAndServicesNamed(sessionsNamespace, podOf(session))).toEqual([]);
    }, boundMs);
  }
  await stream;
  await returnNode();
  for (const { client, session } of [idle, streaming])
    await expectNothingLeft(release(), client, session);
});
