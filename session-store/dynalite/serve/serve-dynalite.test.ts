import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTableCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDynamoDbClient } from '../../dynamodb/create-client.ts';
import { localAccess } from '../start-dynalite.ts';
import { serveDynalite } from './serve-dynalite.ts';

let dataDirectory: string;
beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'steppe-table-'));
});
afterEach(() => rm(dataDirectory, { recursive: true, force: true }));

const tableName = 'sessions-of-a-pod';
const serve = () => serveDynalite({ host: '127.0.0.1', port: 0, dataDirectory, tableName });
const connect = (port: number) =>
  createDynamoDbClient({ ...localAccess, endpoint: `http://127.0.0.1:${port}` });

test('the table exists as soon as it listens', async () => {
  const served = await serve();
  const client = connect(served.port);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  expect(Table?.TableStatus).toBe('ACTIVE');
  client.destroy();
  await served.close();
});

test('another process with the same directory has the rows of the first one', async () => {
  const Item = { session_id: { S: newSessionId() } };
  const first = await serve();
  const writer = connect(first.port);
  await writer.send(new PutItemCommand({ TableName: tableName, Item }));
  writer.destroy();
  await first.close();

  const second = await serve();
  const reader = connect(second.port);
  const { Items } = await reader.send(new ScanCommand({ TableName: tableName }));
  expect(Items).toEqual([Item]);
  reader.destroy();
  await second.close();
});
