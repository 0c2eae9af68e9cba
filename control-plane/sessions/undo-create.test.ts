import { createSessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/route-store/conformance/session-records';
import { RouteStoreUnavailable } from '@steppe/route-store/errors';
import { expect, it } from 'vitest';
import { startTables, testRules } from '../testing/reconciler-bed.ts';
import { createSession } from './create-session.ts';

it('leaves a session counted whose row it cannot end, until the reconciler does', async () => {
  const tables = await startTables();
  try {
    const bed = await tables.openBed();
    const tenantId = newTenantId();
    const update = () => Promise.reject(new RouteStoreUnavailable('it is away'));
    const services = bed.services({ store: { ...bed.store, update } });
    const request = { tenantId, body: createSessionSchema.parse({}), idempotencyKey: undefined };
    await expect(createSession(services, { ...request, client: new AbortController().signal })).rejects.toThrow('it is away');
    const { sessions } = await bed.store.listByTenant(tenantId, { limit: 9 });
    expect(sessions).toMatchObject([{ state: 'provisioning' }]);
    expect(await bed.store.listLive(tenantId)).toEqual([sessions[0]?.session_id]);
    bed.clock.nowMs += testRules.provisioningMs + testRules.graceMs + 1;
    await bed.pass();
    expect((await bed.store.listByTenant(tenantId, { limit: 9 })).sessions).toMatchObject([{ state: 'failed' }]);
    expect([await bed.store.listLive(tenantId), bed.place.living()]).toEqual([[], []]);
  } finally {
    await tables.close();
  }
});
