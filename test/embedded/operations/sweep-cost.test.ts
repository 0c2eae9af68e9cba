import { readFile } from 'node:fs/promises';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { newTenantId, readyRecord } from '@steppe/session-store/conformance/session-records';
import { localAccess, startDynalite } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { writeRows } from '@steppe/session-store/testing/write-rows';
import { expect, test } from 'vitest';
import * as z from 'zod';

const sessionsPerTenant = 50;
const consumedSchema = z.object({ ConsumedCapacity: z.object({ CapacityUnits: z.number() }) });

test('a pass over 100 000 live sessions costs the read units that the guide names', async () => {
  const dynamoDb = await startDynalite();
  const client = createDynamoDbClient({
    ...localAccess,
    endpoint: dynamoDb.endpoint,
    attemptTimeoutMs: 30_000,
  });
  let units = 0;
  client.middlewareStack.add(
    (next) => (request) => {
      Object.assign(request.input, { ReturnConsumedCapacity: 'TOTAL' });
      return next(request);
    },
    { step: 'initialize' },
  );
  client.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      units += consumedSchema.safeParse(result.output).data?.ConsumedCapacity.CapacityUnits ?? 0;
      return result;
    },
    { step: 'initialize' },
  );
  const { tableName } = dynamoDb;
  const store = createDynamoDbSessionStore({ client, tableName, ...realParts });
  const sweepAfterAdding = async (sessions: number): Promise<number> => {
    const records = Array.from({ length: sessions / sessionsPerTenant }, newTenantId).flatMap(
      (tenant_id) =>
        Array.from({ length: sessionsPerTenant }, () => ({ ...readyRecord(), tenant_id })),
    );
    await writeRows(client, tableName, records);
    units = 0;
    for await (const { kind } of store.sweep()) expect(kind).not.toBe('corrupt');
    return units;
  };
  const first = await sweepAfterAdding(400);
  const second = await sweepAfterAdding(1_100);
  const guide = await readFile(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const named = /100 000 live sessions cost about ([0-9 ]+) read units a pass/.exec(guide)?.[1];
  // The difference leaves out what each query adds by rounding up.
  const computed = ((second - first) / 1_100) * 100_000;
  const share = Number(named?.replaceAll(' ', '')) / computed;
  expect(share).toBeGreaterThan(0.9);
  expect(share).toBeLessThan(1.1);
  client.destroy();
  await dynamoDb.close();
});
