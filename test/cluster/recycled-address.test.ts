import { CoreV1Api, NetworkingV1Api } from '@kubernetes/client-node';
import type { Session } from '@steppe/contracts/session';
import { podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { beforeAll, expect, test } from 'vitest';
import type { Client } from '../support/api/client.ts';
import { kubectlOrThrow } from './harness/commands.ts';
import { useRelease } from './harness/use-release.ts';
import { loadAdmin } from './support/namespaces.ts';

/** A route that is read once is used from memory for the whole test. */
const values = {
  runtimes: { python: { pool_size: 4 }, node: { pool_size: 0 } },
  dataPlane: { env: { ROUTE_TTL_MS: '600000' } },
};
const release = useRelease('recycled', values);

/** A range of this size gives an address again after 15 sessions on average. */
const smallRange = 128;
const mostSessions = 100;

let client: Client;
beforeAll(async () => {
  client = await release().newClient();
});

/** How many addresses the cluster has for services. */
async function rangeSize(): Promise<number> {
  const networking = loadAdmin().makeApiClient(NetworkingV1Api);
  const { spec } = await networking.readServiceCIDR({ name: 'kubernetes' });
  const [address = '', prefix] = spec?.cidrs?.[0]?.split('/') ?? [];
  return 2 ** ((address.includes(':') ? 128 : 32) - Number(prefix));
}

/** The cluster address of the service of a session. */
async function addressOf({ instance_id: id, session_id }: Session): Promise<string> {
  if (!id) throw new Error(`${session_id} has no instance`);
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const named = { name: podName(id), namespace: release().sessionsNamespace };
  const address = (await core.readNamespacedService(named)).spec?.clusterIP;
  if (!address) throw new Error(`the service of ${session_id} has no address`);
  return address;
}

/** Creates sessions and deletes them until one has the address of an earlier one. */
async function churn(): Promise<{ ended: Session; live: Session; address: string }> {
  const earlier = new Map<string, Session>();
  const deletions: Promise<Response>[] = [];
  for (let count = 0; count < mostSessions; count += 1) {
    const live = await client.createSession();
    const address = await addressOf(live);
    const ended = earlier.get(address);
    if (ended) {
      await Promise.all(deletions);
      return { ended, live, address };
    }
    // The first step reads the route, which no delete removes from the memory of the data-plane.
    await client.run(live.session_id, `kept = ${JSON.stringify(live.session_id)}`);
    deletions.push(client.call('DELETE', `/v1/sessions/${live.session_id}`));
    earlier.set(address, live);
  }
  throw new Error(`no address came again in ${mostSessions} sessions`);
}

/** The request as the data-plane logged it. */
async function logOf(requestId: string): Promise<unknown> {
  const { namespace, name } = release();
  const logs = await kubectlOrThrow([
    ...['--namespace', namespace, 'logs', `deployment/${name}-data-plane`, '--tail=-1'],
  ]);
  const line = logs.split('\n').find((each) => each.includes(requestId));
  return JSON.parse(line ?? 'null');
}

test('a call of an ended session whose address leads to another one is 410 and reaches nothing', async ({
  skip,
}) => {
  skip((await rangeSize()) > smallRange, 'in a larger range no address comes again soon');
  const { ended, live, address } = await churn();
  await client.run(live.session_id, 'kept = "of the live session"');
  const requestId = `recycled-${ended.session_id}`;
  const call = await client.call(
    'POST',
    `/v1/sessions/${ended.session_id}/steps`,
    { code: 'kept = "overwritten"\nkept', step_id: 'late' },
    { 'x-request-id': requestId },
  );
  expect(await client.errorOf(call)).toMatchObject({
    status: 410,
    code: 'session_ended',
    details: { end_reason: 'deleted' },
  });
  // The route came from memory, and it led to the live session.
  expect(await logOf(requestId)).toMatchObject({
    route: 'hit',
    target_endpoint: expect.stringContaining(`//${address}:`),
    attempts: 1,
  });
  const { results } = await client.run(live.session_id, 'kept');
  expect(results).toMatchObject([{ 'text/plain': "'of the live session'" }]);
  const late = client.call('GET', `/v1/sessions/${live.session_id}/steps/late`);
  expect(await client.errorOf(late)).toMatchObject({ status: 404, code: 'step_not_found' });
});
