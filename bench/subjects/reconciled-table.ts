import { ListTablesCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  type ReconcilerFixture,
  startTables,
} from '@steppe/control-plane/testing/reconciler-fixture';
import { newTenantId, readyRecord } from '@steppe/session-store/conformance/session-records';
import {
  localAccess,
  type RunningDynamoDb,
  startDynalite,
} from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import { writeRows } from '@steppe/session-store/testing/write-rows';
import type { Bench } from '../row.ts';

const sessionsPerTenant = 50;
const { liveIndex, defaultName } = sessionsTable;

/** A table of live sessions that all agree with their instances: what a pass mostly finds. */
export interface ReconciledTable {
  /** Adds sessions that are ready, and their instances. */
  add(sessions: number): Promise<void>;
  /** One pass of the reconciler. */
  pass(): Promise<void>;
  /** Reads the same rows through the SDK alone. @returns their number, with those of quotas */
  query(): Promise<number>;
}

export async function openReconciledTable({ onClose }: Bench): Promise<ReconciledTable> {
  const dynamoDb: RunningDynamoDb = await startDynalite();
  const tables = await startTables(async () => dynamoDb);
  onClose({ stop: tables.close });
  const fixture = await tables.openFixture();
  const client = createDynamoDbClient({
    ...localAccess,
    endpoint: dynamoDb.endpoint,
    attemptTimeoutMs: 30_000,
  });
  onClose({ stop: async () => client.destroy() });
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  const tableName = TableNames.find((name) => name !== defaultName) ?? defaultName;
  return {
    async add(sessions) {
      const { nowMs } = fixture.clock;
      await writeRows(client, tableName, await startSessions(fixture, sessions, nowMs));
    },
    async pass() {
      const outcome = await fixture.pass();
      if (outcome !== 'complete') throw new Error(`the pass is ${outcome}`);
    },
    async query() {
      let items = 0;
      for (let shard = 0; shard < liveIndex.shards; shard++) {
        const { Items = [] } = await client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: liveIndex.name,
            KeyConditionExpression: '#shard = :shard',
            ExpressionAttributeNames: { '#shard': liveIndex.partitionKey },
            ExpressionAttributeValues: { ':shard': { N: String(shard) } },
          }),
        );
        items += Items.length;
      }
      return items;
    },
  };
}

/** Starts an instance for each row. @returns the rows */
async function startSessions(fixture: ReconcilerFixture, sessions: number, nowMs: number) {
  const { provisioner, versions } = fixture.services();
  const at = new Date(nowMs).toISOString();
  const expires_at = new Date(nowMs + 3_600_000).toISOString();
  const start = async (position: number) => {
    const record = { ...readyRecord(), created_at: at, ready_at: at, expires_at };
    const tenant_id = tenants[Math.floor(position / sessionsPerTenant)] ?? record.tenant_id;
    const { instanceId, address } = await provisioner.start({
      runtime: record.runtime,
      version: versions.get(record.runtime) ?? '',
      owner: { sessionId: record.session_id, tenantId: tenant_id },
      resources: record.resources,
      signal: new AbortController().signal,
    });
    return { ...record, tenant_id, instance_id: instanceId, address };
  };
  const tenants = Array.from({ length: Math.ceil(sessions / sessionsPerTenant) }, newTenantId);
  return Promise.all(Array.from({ length: sessions }, (_, position) => start(position)));
}
