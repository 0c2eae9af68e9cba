import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { Scope } from '@steppe/contracts/operations';
import { type Session, sessionSchema } from '@steppe/contracts/session';
import { localAccess, startDynalite } from '@steppe/route-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/route-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/route-store/dynamodb/dynamodb-session-store';
import type { SessionStore } from '@steppe/route-store/ports';
import { createLogger } from '@steppe/service-kit/logger';
import { type ControlPlane, type ControlPlaneConfig, type ControlPlaneParts, startControlPlane } from '../start-control-plane.ts';
import { type StandIns, standInRuntimes, startStandIns } from './stand-in-provisioner.ts';
import { authorizationOf, tenantVerifier } from './tenant-verifier.ts';

interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  scopes?: readonly Scope[];
  /** What the token allows. */
  sessionQuota?: number;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

export interface OpenControlPlane extends Pick<ControlPlane, 'port' | 'operatorPort' | 'fillPool' | 'close'> {
  call(tenantId: TenantId, method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Creates a session; throws where that is not answered by 201. */
  create(tenantId: TenantId, body?: object): Promise<Session>;
}

export interface TestBed {
  store: SessionStore;
  standIns: StandIns;
  /** A control-plane on the bed's store and provisioner, or on what `parts` has in their place. */
  open(
    parts?: Partial<ControlPlaneParts>,
    limits?: Partial<ControlPlaneConfig['limits']>,
    config?: Partial<ControlPlaneConfig>,
  ): Promise<OpenControlPlane>;
  close(): Promise<void>;
}

/** dynalite and stand-ins, for any number of control-planes. */
export async function openTestBed(): Promise<TestBed> {
  const dynalite = await startDynalite();
  // The table shares this process, and many agents this machine: patience keeps a busy moment from looking like an outage.
  const client = createDynamoDbClient({
    ...localAccess,
    endpoint: dynalite.endpoint,
    connectTimeoutMs: 10_000,
    attemptTimeoutMs: 10_000,
  });
  const store = createDynamoDbSessionStore({ client, tableName: dynalite.tableName, timeLimitMs: 20_000 });
  const standIns = await startStandIns();
  const opened: ControlPlane[] = [];
  return {
    store,
    standIns,
    async open(parts = {}, limits = {}, config = {}) {
      const controlPlane = await startControlPlane(
        {
          host: '127.0.0.1',
          port: 0,
          operatorPort: 0,
          runtimes: standInRuntimes,
          limits: { sessionsPerTenant: 50, ttlSeconds: 86_400, provisioningMs: 30_000, endMs: 10_000, ...limits },
          poolStartsAtOnce: 2,
          reconciler: { intervalMs: 60_000, leaseMs: 150_000, graceMs: 30_000 },
          shutdownMs: 5_000,
          ...config,
        },
        {
          store,
          provisioner: standIns.provisioner,
          verifier: tenantVerifier,
          signer: standIns.signer,
          logger: createLogger({ service: 'test', level: 'silent' }),
          ...parts,
        },
      );
      opened.push(controlPlane);
      return { ...controlPlane, ...createCalls(controlPlane.port) };
    },
    async close() {
      await Promise.all(opened.map((controlPlane) => controlPlane.close()));
      client.destroy();
      await dynalite.close();
    },
  };
}

function createCalls(port: number): Pick<OpenControlPlane, 'call' | 'create'> {
  const call: OpenControlPlane['call'] = async (
    tenantId,
    method,
    path,
    { body, headers = {}, scopes, sessionQuota, signal } = {},
  ) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        authorization: authorizationOf(tenantId, scopes, sessionQuota),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ?? AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    call,
    async create(tenantId, body = {}) {
      const answer = await call(tenantId, 'POST', '/v1/sessions', { body });
      if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      return sessionSchema.parse(answer.body);
    },
  };
}

/** What the store still holds for a tenant that shall have nothing. */
export async function traces(store: SessionStore, tenantId: TenantId, keys: readonly string[] = []) {
  const { sessions } = await store.listByTenant(tenantId, { limit: 200 });
  const items = await Promise.all(keys.map((key) => store.getIdempotency(tenantId, key)));
  return {
    live: await store.listLive(tenantId),
    states: sessions.map(({ state }) => state),
    keys: items.filter((item) => item !== null),
  };
}

export const pathOf = (sessionId: SessionId): string => `/v1/sessions/${sessionId}`;
