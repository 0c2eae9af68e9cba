import { existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { maxSocketPathBytes, socketPathOf } from '@steppe/contracts/unix-socket';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { afterEach, expect, test, vi } from 'vitest';
import { createDynamoDbClient } from '../dynamodb/create-client.ts';
import { createDynamoDbSessionStore } from '../dynamodb/dynamodb-session-store.ts';
import { listenPrivately } from './listen.ts';
import { localAccess, startDynalite } from './start-dynalite.ts';

afterEach(() => vi.unstubAllEnvs());

test('listens on a socket in a directory of this user alone, which close removes', async () => {
  const { endpoint, tableName, close } = await startDynalite();
  const path = socketPathOf(endpoint) ?? '';
  expect(statSync(path).isSocket()).toBe(true);
  expect((statSync(dirname(path)).mode & 0o777).toString(8)).toBe('700');
  const client = createDynamoDbClient({ ...localAccess, endpoint });
  const store = createDynamoDbSessionStore({ client, tableName, ...realParts });
  const reads = await Promise.all(
    Array.from({ length: 50 }, () => store.get(newSessionId(), { consistent: true })),
  );
  expect(new Set(reads)).toEqual(new Set([null]));
  client.destroy();
  await close();
  expect(existsSync(dirname(path))).toBe(false);
});

test('works even if TMPDIR is too deep for a socket', async () => {
  vi.stubEnv('TMPDIR', `/tmp/${'deep/'.repeat(20)}`);
  const { endpoint, close } = await listenPrivately(createServer());
  const path = socketPathOf(endpoint) ?? '';
  expect(Buffer.byteLength(path)).toBeLessThanOrEqual(maxSocketPathBytes);
  expect((statSync(dirname(path)).mode & 0o777).toString(8)).toBe('700');
  await close();
});

test('an endpoint without a server is reported as unreachable', async () => {
  const { endpoint, close } = await listenPrivately(createServer());
  await close();
  const client = createDynamoDbClient({ ...localAccess, endpoint, maxAttempts: 1 });
  const store = createDynamoDbSessionStore({ client, tableName: 'none', ...realParts });
  await expect(store.get(newSessionId(), { consistent: true })).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
  client.destroy();
});
