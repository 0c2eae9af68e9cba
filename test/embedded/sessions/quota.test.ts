import { expect, test } from 'vitest';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal({ SESSIONS_PER_TENANT: '3' });

test('a tenant at its session quota gets a new session once one has ended', async () => {
  const client = await local().newClient();
  const created = await Promise.all(Array.from({ length: 3 }, () => client.createSession()));
  const response = await client.call('POST', '/v1/sessions', {});
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await client.errorOf(response)).toMatchObject({
    status: 429,
    code: 'quota_exceeded',
    retryable: true,
  });
  await (await local().newClient()).createSession();
  await client.call('DELETE', `/v1/sessions/${created[0]?.session_id}`);
  await client.createSession();
});
