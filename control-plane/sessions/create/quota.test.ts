import { sessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type OpenControlPlane,
  openTestFixture,
  pathOf,
  type TestFixture,
} from '../../testing/open-control-plane.ts';

let fixture: TestFixture;
let plane: OpenControlPlane;
beforeAll(async () => {
  fixture = await openTestFixture();
  plane = await fixture.open({}, { sessionsPerTenant: 20 });
});
afterAll(() => fixture.close());

/**
 * The client, the server and the store share one process: with more connections at once, some are
 * still unread when the limit for their headers is over.
 */
const createsAtOnce = 250;

it('admits exactly the quota of a thousand creates, hundreds at once, with Retry-After', async () => {
  const [tenantId, other] = [newTenantId(), newTenantId()];
  const signal = AbortSignal.timeout(230_000);
  const limit = pLimit(createsAtOnce);
  const responses = await Promise.all(
    Array.from({ length: 1_000 }, () =>
      limit(() => plane.call(tenantId, 'POST', '/v1/sessions', { signal })),
    ),
  );
  const made = responses
    .filter(({ status }) => status === 201)
    .map(({ body }) => sessionSchema.parse(body));
  const refused = responses.filter(({ status }) => status === 429);
  expect([made.length, refused.length]).toEqual([20, 980]);
  expect(refused[0]?.body).toMatchObject({
    error: { code: 'quota_exceeded', retryable: true, details: { quota: 20 } },
  });
  expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await fixture.store.listLive(tenantId)).toSorted()).toEqual(
    made.map(({ session_id }) => session_id).toSorted(),
  );
  await plane.create(other);
  const [first] = made;
  if (first) await plane.call(tenantId, 'DELETE', pathOf(first.session_id));
  expect((await plane.create(tenantId)).state).toBe('ready');
  expect((await plane.call(tenantId, 'POST', '/v1/sessions')).status).toBe(429);
}, 240_000);

it.each([
  ['less', 1],
  ['more', 22],
])(
  'applies the quota of the token if it has one, %s than the configured one',
  async (_, sessionQuota) => {
    const tenantId = newTenantId();
    const create = () => plane.call(tenantId, 'POST', '/v1/sessions', { sessionQuota });
    const responses = await Promise.all(Array.from({ length: sessionQuota + 2 }, create));
    expect(responses.filter(({ status }) => status === 201)).toHaveLength(sessionQuota);
    const refused = responses.filter(({ status }) => status === 429);
    expect(refused.map(({ body }) => body)).toEqual(
      Array(2).fill({
        error: expect.objectContaining({
          code: 'quota_exceeded',
          details: { quota: sessionQuota },
        }),
      }),
    );
  },
  60_000,
);

it('refuses every create if the quota is 0', async () => {
  expect(
    (await plane.call(newTenantId(), 'POST', '/v1/sessions', { sessionQuota: 0 })).status,
  ).toBe(429);
});
