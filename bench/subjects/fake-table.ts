import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod';

export interface FakeTable {
  endpoint: string;
  close(): Promise<void>;
}

const getItemSchema = z.object({ Key: z.object({ session_id: z.object({ S: z.string() }) }) });

const text = (value: string) => ({ S: value });
const map = (fields: Record<string, string>) => ({
  M: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, text(value)])),
});

/** All of a row but its session id. */
const fieldsOf = (tenant: string, agentUrl: string) => ({
  tenant_id: text(tenant),
  version: { N: '1' },
  runtime: text('python'),
  state: text('ready'),
  instance_id: text('ins_bench'),
  address: text(agentUrl),
  created_at: text('2026-01-01T00:00:00.000Z'),
  ready_at: text('2026-01-01T00:00:00.000Z'),
  expires_at: text('2999-01-01T00:00:00.000Z'),
  idle_timeout_seconds: { N: '900' },
  metadata: map({}),
  resources: map({ cpu: '1', memory: '1Gi', ephemeral_storage: '1Gi' }),
});

/**
 * A sessions table in the format of DynamoDB's GetItem, in which every session exists and all have
 * the same agent: rows without limit, read faster than from any emulator.
 */
export async function startFakeTable(tenant: string, agentUrl: string): Promise<FakeTable> {
  const fields = fieldsOf(tenant, agentUrl);
  const server = createServer(async (req, res) => {
    const { Key } = getItemSchema.parse(await json(req));
    res
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
      .end(JSON.stringify({ Item: { ...Key, ...fields } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async close() {
      server.close().closeAllConnections();
    },
  };
}
