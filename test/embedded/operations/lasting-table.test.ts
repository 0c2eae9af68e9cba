import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import {
  localAccess,
  type RunningDynamoDb,
  startDynalite,
} from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocal } from '../../support/processes/local.ts';
import { runBundle } from '../../support/processes/run-bundle.ts';

let dynamoDb: RunningDynamoDb;
beforeAll(async () => {
  dynamoDb = await startDynalite();
});
afterAll(() => dynamoDb.close());

const variables = (table: string) => ({
  DYNAMODB_ENDPOINT: dynamoDb.endpoint,
  SESSIONS_TABLE: table,
  AWS_REGION: localAccess.region,
  AWS_ACCESS_KEY_ID: localAccess.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: localAccess.credentials.secretAccessKey,
});

test('sessions of an earlier run are listed as ended, and new ones run', async () => {
  const first = await startLocal(variables('kept'));
  expect(first.banner).toContain('kept at unix:');
  expect(first.banner).toContain('did not exist and was created');
  const { session_id: id } = await (await first.clientOf('acme')).createSession();
  expect(await first.stop()).toBe(0);

  const second = await startLocal(variables('kept'));
  expect(second.banner).toContain('It existed: sessions of earlier runs are listed, as ended');
  const client = await second.clientOf('acme');
  const earlier = await (await client.call('GET', `/v1/sessions/${id}`)).json();
  expect(earlier).toMatchObject({ state: 'ended', end_reason: 'node_lost' });
  const { session_id: next } = await client.createSession();
  expect(await client.run(next, '1 + 1')).toMatchObject({ status: 'completed' });
  expect(await second.stop()).toBe(0);
});

test('local mode says once that its table is gone, and what to do', async () => {
  const local = await startLocal({ ...variables('lost'), LOG_LEVEL: 'fatal' });
  const client = await local.newClient();
  const dynamoDbClient = createDynamoDbClient({ ...localAccess, endpoint: dynamoDb.endpoint });
  await dynamoDbClient.send(new DeleteTableCommand({ TableName: 'lost' }));
  dynamoDbClient.destroy();
  for (const _ of [1, 2])
    expect(await client.errorOf(client.call('POST', '/v1/sessions', {}))).toMatchObject({
      status: 503,
      code: 'route_store_unavailable',
    });
  await local.stop();
  expect(local.stderr().match(/the table lost at unix:\S+ is gone/g)).toHaveLength(1);
  expect(local.stderr()).toContain('start local mode again: it creates the table');
});

test('local mode refuses a table that it cannot open, and names the variable', async () => {
  const { code, stderr } = await runBundle('local', {
    ...variables('none'),
    DYNAMODB_ENDPOINT: 'unix:/tmp/no-such-directory/dynamodb.sock',
    STEPPE_ENV: 'test',
    PORT: '0',
  });
  expect(code).toBe(78);
  expect(stderr).toMatch(/DYNAMODB_ENDPOINT: .*no-such-directory/);
});
