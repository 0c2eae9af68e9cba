import type { RunningDynamoDb } from '@steppe/session-store/dynalite/start-dynalite';
import {
  type DynamoDbResponse,
  forward,
  startDynamoDbProxy,
} from '../../../../session-store/testing/dynamodb-proxy.ts';
import { startTcpProxy, type TcpProxy } from '../../../support/sockets/tcp-proxy.ts';

export type DynamoDbMode = 'well' | 'throttles' | 'returns garbage' | 'breaks connections';

/** DynamoDB behind simulated faults of DynamoDB, behind simulated faults of the network. */
export interface SwitchableDynamoDb extends RunningDynamoDb {
  /** The proxy at the endpoint, which simulates stalls and outages. */
  proxy: TcpProxy;
  /** The table itself, without faults. */
  direct: RunningDynamoDb;
  setMode(mode: DynamoDbMode): void;
  /** How many requests met a mode other than `well`. */
  spoiled(): number;
}

const responses: Record<Exclude<DynamoDbMode, 'well'>, DynamoDbResponse | null> = {
  throttles: {
    status: 400,
    text: JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
      message: 'slower',
    }),
  },
  'returns garbage': { status: 200, text: '{"Item": <html>' },
  'breaks connections': null,
};

export async function startSwitchableDynamoDb(
  direct: RunningDynamoDb,
): Promise<SwitchableDynamoDb> {
  let mode: DynamoDbMode = 'well';
  let spoiled = 0;
  const gate = await startDynamoDbProxy(async (request) => {
    if (mode === 'well') return forward(direct.endpoint, request);
    spoiled += 1;
    return responses[mode];
  });
  const proxy = await startTcpProxy(Number(new URL(gate.endpoint).port));
  return {
    endpoint: proxy.url,
    tableName: direct.tableName,
    proxy,
    direct,
    setMode: (next) => {
      mode = next;
    },
    spoiled: () => spoiled,
    async close() {
      await proxy.close();
      await gate.close();
      await direct.close();
    },
  };
}
