import { createSessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import { expect, it } from 'vitest';
import { startTables, testRules } from '../../testing/reconciler-fixture.ts';
import { createSession } from './create-session.ts';

it('keeps the quota of a session whose row it cannot end, until the reconciler ends it', async () => {
  const tables = await startTables();
  try {
    const fixture = await tables.openFixture();
    const tenantId = newTenantId();
    const update = () => Promise.reject(new SessionStoreUnavailableError('it is away'));
    const services = fixture.services({ store: { ...fixture.store, update } });
    const request = { tenantId, body: createSessionSchema.parse({}), idempotencyKey: undefined };
    await expect(
      createSession(services, { ...request, client: new AbortController().signal }),
    ).rejects.toThrow('it is away');
    const { sessions } = await fixture.store.listByTenant(tenantId, { limit: 9 });
    expect(sessions).toMatchObject([{ state: 'provisioning' }]);
    expect(await fixture.store.listLive(tenantId)).toEqual([sessions[0]?.session_id]);
    fixture.clock.nowMs += testRules.provisioningMs + testRules.graceMs + 1;
    await fixture.pass();
    expect((await fixture.store.listByTenant(tenantId, { limit: 9 })).sessions).toMatchObject([
      { state: 'failed' },
    ]);
    expect([await fixture.store.listLive(tenantId), fixture.inMemory.living()]).toEqual([[], []]);
  } finally {
    await tables.close();
  }
});
