import { sessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/route-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenControlPlane, openTestBed, pathOf, type TestBed } from '../../testing/open-control-plane.ts';

let bed: TestBed;
let plane: OpenControlPlane;
beforeAll(async () => {
  bed = await openTestBed();
  plane = await bed.open({}, { sessionsPerTenant: 20 });
});
afterAll(() => bed.close());

it('gives exactly the quota to a thousand creates at once, and says when to ask again', async () => {
  const [tenantId, other] = [newTenantId(), newTenantId()];
  const signal = AbortSignal.timeout(230_000);
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, () => plane.call(tenantId, 'POST', '/v1/sessions', { signal })),
  );
  const made = answers.filter(({ status }) => status === 201).map(({ body }) => sessionSchema.parse(body));
  const refused = answers.filter(({ status }) => status === 429);
  expect([made.length, refused.length]).toEqual([20, 980]);
  expect(refused[0]?.body).toMatchObject({ error: { code: 'quota_exceeded', retryable: true, details: { quota: 20 } } });
  expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await bed.store.listLive(tenantId)).toSorted()).toEqual(made.map(({ session_id }) => session_id).toSorted());
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
  'counts by the quota of the token where that has one, %s than the configured',
  async (_, sessionQuota) => {
    const tenantId = newTenantId();
    const create = () => plane.call(tenantId, 'POST', '/v1/sessions', { sessionQuota });
    const answers = await Promise.all(Array.from({ length: sessionQuota + 2 }, create));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(sessionQuota);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.map(({ body }) => body)).toEqual(
      Array(2).fill({ error: expect.objectContaining({ code: 'quota_exceeded', details: { quota: sessionQuota } }) }),
    );
  },
  60_000,
);

it('takes a quota of nought at its word', async () => {
  expect((await plane.call(newTenantId(), 'POST', '/v1/sessions', { sessionQuota: 0 })).status).toBe(429);
});
