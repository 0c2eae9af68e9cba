import type { Session } from '@steppe/contracts/session';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import {
  localAccess,
  type RunningDynamoDb,
  startDynalite,
} from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { type Client, connect } from '../../../support/api/client.ts';
import {
  prepareServices,
  type Service,
  type Services,
} from '../../../support/processes/services.ts';
import { type ProxiedSession, putProxyBefore } from './proxied-session.ts';
import { type Replica, startReplica } from './replica.ts';
import { type SwitchableDynamoDb, startSwitchableDynamoDb } from './switchable-dynamodb.ts';

/** Services that run from their bundles, with a TCP proxy on every path between them. */
export interface ProxiedCluster {
  services: Services;
  dynamoDb: SwitchableDynamoDb;
  controlPlane: Service;
  replicas: readonly [Replica, Replica];
  /** A client of that replica; the first one by default. */
  clientOf(tenant: string, replica?: Replica): Promise<Client>;
  /** Creates it at the control-plane, so that no data-plane knows its route yet. */
  createSession(client: Client, body?: object): Promise<ProxiedSession>;
  /** Puts a proxy before the agent of a session that was just created. */
  adopt(session: Session): Promise<ProxiedSession>;
  /** Stops all of its parts. Idempotent. */
  close(): Promise<void>;
}

/**
 * @param env additional variables of the services.
 * @param startStore starts the DynamoDB of the services, which is closed with them.
 */
export async function startProxiedCluster(
  env: Record<string, string> = {},
  startStore: () => Promise<RunningDynamoDb> = startDynalite,
): Promise<ProxiedCluster> {
  const dynamoDb = await startSwitchableDynamoDb(await startStore());
  const services = await prepareServices(async () => dynamoDb);
  const client = createDynamoDbClient({
    ...localAccess,
    endpoint: dynamoDb.direct.endpoint,
    attemptTimeoutMs: 10_000,
    connectTimeoutMs: 10_000,
  });
  const { tableName } = dynamoDb;
  const store = createDynamoDbSessionStore({
    client,
    tableName,
    timeLimitMs: 20_000,
    ...realParts,
  });
  const sessions: ProxiedSession[] = [];
  const start = async () => {
    const controlPlane = await services.start('control-plane', {
      SESSIONS_PER_TENANT: '500',
      ...env,
    });
    const planeEnv = { CONTROL_PLANE_URL: controlPlane.url, ...env };
    const [one, other] = await Promise.all([
      startReplica(services, planeEnv),
      startReplica(services, planeEnv),
    ]);
    return { controlPlane, replicas: [one, other] as const };
  };
  const { controlPlane, replicas } = await start().catch(async (error) => {
    await services.close();
    client.destroy();
    throw error;
  });

  const adopt = async (created: Session) => {
    const session = await putProxyBefore(created, store);
    sessions.push(session);
    return session;
  };
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    await services.close();
    await Promise.all(
      [...sessions, ...replicas.map(({ proxy }) => proxy)].map((part) => part.close()),
    );
    client.destroy();
  };
  return {
    services,
    dynamoDb,
    controlPlane,
    replicas,
    clientOf: async (tenant, replica = replicas[0]) =>
      connect(replica.proxy.url, await services.tokenFor(tenant)),
    createSession: async ({ token }, body = {}) =>
      adopt(await connect(controlPlane.url, token).createSession(body)),
    adopt,
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
