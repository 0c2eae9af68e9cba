import { CoreV1Api } from '@kubernetes/client-node';
import type { Session } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { python } from '../../support/api/languages.ts';
import { stepThatWrote } from '../../support/api/steps.ts';
import {
  boundMs,
  expectNothingLeft,
  podOf,
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

const release = useRelease('lost-node', {
  ...valuesUnderFaults,
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
