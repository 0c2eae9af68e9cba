import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { createLogger } from '@steppe/service-kit/process/logger';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import {
  newTenantId,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import { localAccess, startDynalite } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSessionMetrics } from '../../sessions/session-metrics.ts';
import { endSessions, type InstalledCluster } from './end-sessions.ts';

let dynalite: Awaited<ReturnType<typeof startDynalite>>;
let client: ReturnType<typeof createDynamoDbClient>;
beforeAll(async () => {
  dynalite = await startDynalite();
  client = createDynamoDbClient({ ...localAccess, endpoint: dynalite.endpoint });
});
afterAll(async () => {
  client.destroy();
  await dynalite.close();
});

const never = new AbortController().signal;

test('every session is ended in the table, once no control-plane can create another', async () => {
  const { tableName } = dynalite;
  const store = createDynamoDbSessionStore({ client, tableName, ...realParts });
  const tenantId = newTenantId();
  const provisioning = provisioningRecord({ tenant_id: tenantId });
  const ready = provisioningRecord({ tenant_id: tenantId });
  for (const record of [provisioning, ready]) {
    await store.addLive(tenantId, record.session_id, 10);
    await store.create(record);
  }
  await store.update(readyRecord(ready), ready.version);

  // A control-plane writes one more row while it shuts down.
  const late = provisioningRecord({ tenant_id: tenantId });
  let controlPlanes = 2;
  let instances = 3;
  const statesAtRemoval: unknown[] = [];
  const cluster: InstalledCluster = {
    stopControlPlane: async () => {
      await store.create(late);
    },
    countControlPlanes: async () => {
      controlPlanes -= 1;
      return controlPlanes;
    },
    removeInstances: async () => {
      statesAtRemoval.push((await store.get(ready.session_id, { consistent: true }))?.state);
      const found = instances;
      instances = 0;
      return found;
    },
  };
  const ended = await endSessions(
    {
      cluster,
      store,
      metrics: createSessionMetrics(createRegistry('test')),
      logger: createLogger({ service: 'test', level: 'silent' }),
      clock: realParts.clock,
    },
    never,
  );

  expect(ended).toBe(3);
  for (const { session_id } of [provisioning, ready, late]) {
    const row = await store.get(session_id, { consistent: true });
    expect(row).toMatchObject({ state: 'ended', end_reason: 'deleted' });
  }
  expect(await store.listLive(tenantId)).toEqual([]);
  expect(new Set(statesAtRemoval)).toEqual(new Set(['ended']));
});
