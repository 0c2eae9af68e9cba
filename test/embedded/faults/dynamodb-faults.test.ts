import { eventually } from '@steppe/service-kit/testing/eventually';
import { afterEach, expect, test } from 'vitest';
import { newTenant } from '../../support/api/issuer.ts';
import { python } from '../../support/api/languages.ts';
import type { SwitchableDynamoDb } from './rig/switchable-dynamodb.ts';
import { useCluster } from './rig/use-cluster.ts';

// ROUTE_TTL_MS=0 makes every step find its cached route stale and read it again.
const cluster = useCluster({ ROUTE_TTL_MS: '0' });

afterEach(async () => {
  const { dynamoDb } = cluster();
  dynamoDb.setMode('well');
  dynamoDb.proxy.heal();
  await dynamoDb.proxy.accept();
});

const ailments: { what: string; begin: (dynamoDb: SwitchableDynamoDb) => void | Promise<void> }[] =
  [
    { what: 'throttles', begin: ({ setMode }) => setMode('throttles') },
    { what: 'returns garbage', begin: ({ setMode }) => setMode('returns garbage') },
    { what: 'breaks its connections', begin: ({ setMode }) => setMode('breaks connections') },
    { what: 'stalls', begin: ({ proxy }) => proxy.setFault({ stalled: true }) },
    { what: 'is unreachable', begin: ({ proxy }) => proxy.refuse() },
  ];

test.each(ailments)(
  'if DynamoDB $what, steps on known routes run, and others get a retryable 503',
  async ({ begin }) => {
    const { clientOf, createSession, dynamoDb, replicas } = cluster();
    const tenant = newTenant();
    const [warm, cold] = [await clientOf(tenant, replicas[0]), await clientOf(tenant, replicas[1])];
    const { id } = await createSession(warm);
    await warm.run(id, python.remember);

    await begin(dynamoDb);
    for (const _ of [1, 2, 3])
      expect(await warm.run(id, python.recall)).toMatchObject({
        results: [{ 'text/plain': '42' }],
      });
    const step = { code: 'kept += 1', step_id: 'cold' };
    const refused = { status: 503, code: 'route_store_unavailable', retryable: true };
    expect(await cold.errorOf(cold.call('POST', `/v1/sessions/${id}/steps`, step))).toMatchObject(
      refused,
    );
    expect(await cold.errorOf(cold.call('POST', '/v1/sessions', {}))).toMatchObject(refused);

    dynamoDb.setMode('well');
    dynamoDb.proxy.heal();
    await dynamoDb.proxy.accept();
    const result = await eventually(() => cold.run(id, step.code, step));
    expect(result).toMatchObject({ status: 'completed', execution_count: 5 });
    expect(await warm.run(id, python.recall)).toMatchObject({
      results: [{ 'text/plain': '43' }],
      execution_count: 6,
    });
  },
);

test('if DynamoDB delays every response within its timeouts, every call succeeds', async () => {
  const { clientOf, createSession, dynamoDb, replicas } = cluster();
  const tenant = newTenant();
  const [warm, cold] = [await clientOf(tenant, replicas[0]), await clientOf(tenant, replicas[1])];
  dynamoDb.proxy.setFault({ slow: { bytes: 1_000, everyMs: 50 } });
  const { id } = await createSession(warm);
  await warm.run(id, python.remember);
  expect(await cold.run(id, python.recall)).toMatchObject({ results: [{ 'text/plain': '42' }] });
  expect((await cold.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
});
