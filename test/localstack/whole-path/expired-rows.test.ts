import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { sessionListSchema } from '@steppe/contracts/session';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import { expect, test } from 'vitest';
import { useTarget } from '../../support/use-target.ts';
import { readTestConfig } from '../harness/config.ts';
import { readStorage } from '../harness/storage.ts';

const target = useTarget();

async function expireRow(sessionId: string): Promise<void> {
  const client = new DynamoDBClient();
  await client.send(
    new UpdateItemCommand({
      TableName: readStorage().tableName,
      Key: { [sessionsTable.partitionKey]: { S: sessionId } },
      UpdateExpression: 'SET #expires = :past',
      ConditionExpression: 'attribute_exists(#expires)',
      ExpressionAttributeNames: { '#expires': sessionsTable.ttlAttribute },
      ExpressionAttributeValues: { ':past': { N: '1' } },
    }),
  );
  client.destroy();
}

/** DynamoDB deletes expired rows at some time; LocalStack does it on request. */
const deleteExpired = async (): Promise<void> => {
  const url = `${readTestConfig().endpoint}/_aws/dynamodb/expired`;
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(200);
};

test('DynamoDB deletes the row of a session that ended long ago, and no other', async () => {
  const client = await target().newClient();
  const [expired, recent, live] = await Promise.all([1, 2, 3].map(() => client.createSession()));
  const pathOf = (session = expired) => `/v1/sessions/${session?.session_id}`;
  await Promise.all([expired, recent].map((one) => client.call('DELETE', pathOf(one))));
  await expireRow(expired?.session_id ?? '');
  await deleteExpired();

  expect(await client.errorOf(client.call('GET', pathOf(expired)))).toMatchObject({
    status: 404,
    code: 'session_not_found',
  });
  expect(await (await client.call('GET', pathOf(recent))).json()).toMatchObject({ state: 'ended' });
  expect(await (await client.call('GET', pathOf(live))).json()).toMatchObject({ state: 'ready' });
  const listed = await client.call('GET', '/v1/sessions');
  const { sessions } = sessionListSchema.parse(await listed.json());
  expect(sessions.map((session) => session.session_id).toSorted()).toEqual(
    [recent?.session_id, live?.session_id].toSorted(),
  );
});
