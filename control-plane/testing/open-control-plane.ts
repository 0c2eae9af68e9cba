import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { Scope } from '@steppe/contracts/scopes';
import { type Session, sessionSchema } from '@steppe/contracts/session';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { createLogger } from '@steppe/service-kit/process/logger';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { localAccess, startDynalite } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import type { SessionStore } from '@steppe/session-store/ports';
import {
  type ControlPlane,
  type ControlPlaneConfig,
  type ControlPlaneParts,
  startControlPlane,
} from '../start-control-plane.ts';
import { type Fakes, fakeRuntimes, startFakes } from './fake-provisioner.ts';
import { authorizationOf, tenantVerifier } from './tenant-verifier.ts';

interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  scopes?: readonly Scope[];
  /** The quota in the caller's token. */
  sessionQuota?: number;
  signal?: AbortSignal;
}

export interface ApiResponse {
  status: number;
  headers: Headers;
  body: unknown;
}

export interface OpenControlPlane
  extends Pick<ControlPlane, 'port' | 'operatorPort' | 'fillPool' | 'close'> {
  call(
    tenantId: TenantId,
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<ApiResponse>;
  /** Creates a session; throws if the status is not 201. */
  create(tenantId: TenantId, body?: object): Promise<Session>;
}

export interface TestFixture {
  store: SessionStore;
  fakes: Fakes;
  /**
   * Opens a control-plane with the fixture's store and provisioner, except for what `parts`
   * replaces.
   */
  open(
    parts?: Partial<ControlPlaneParts>,
    limits?: Partial<ControlPlaneConfig['limits']>,
    config?: Partial<ControlPlaneConfig>,
  ): Promise<OpenControlPlane>;
  close(): Promise<void>;
}

/** Starts dynalite and fake agents, for any number of control-planes. */
export async function openTestFixture(): Promise<TestFixture> {
  const dynalite = await startDynalite();
  // The table shares this process and many agents share this machine. With a generous limit, a busy
  // moment does not look like an outage.
  const client = createDynamoDbClient({
    ...localAccess,
    endpoint: dynalite.endpoint,
    connectTimeoutMs: 10_000,
    attemptTimeoutMs: 10_000,
  });
  const store = createDynamoDbSessionStore({
    client,
    tableName: dynalite.tableName,
    timeLimitMs: 20_000,
    ...realParts,
  });
  const fakes = await startFakes();
  const opened: ControlPlane[] = [];
  return {
    store,
    fakes,
    async open(parts = {}, limits = {}, config = {}) {
      const controlPlane = await startControlPlane(
        {
          host: '127.0.0.1',
          port: 0,
          operatorPort: 0,
          runtimes: fakeRuntimes,
          limits: {
            sessionsPerTenant: 50,
            ttlSeconds: 86_400,
            provisioningMs: 30_000,
            endMs: 10_000,
            ...limits,
          },
          poolStartsAtOnce: 2,
          reconciler: { intervalMs: 60_000, leaseMs: 150_000, graceMs: 30_000 },
          shutdownMs: 5_000,
          ...config,
        },
        {
          store,
          provisioner: fakes.provisioner,
          verifier: tenantVerifier,
          signer: fakes.signer,
          logger: createLogger({ service: 'test', level: 'silent' }),
          registry: createRegistry('control-plane'),
          ...realParts,
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
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        authorization: authorizationOf(tenantId, scopes, sessionQuota),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ?? AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
  return {
    call,
    async create(tenantId, body = {}) {
      const response = await call(tenantId, 'POST', '/v1/sessions', { body });
      if (response.status !== 201)
        throw new Error(`create returned ${response.status}: ${JSON.stringify(response.body)}`);
      return sessionSchema.parse(response.body);
    },
  };
}

/** What the store still contains for a tenant that should have nothing. */
export async function traces(
  store: SessionStore,
  tenantId: TenantId,
  keys: readonly string[] = [],
) {
  const { sessions } = await store.listByTenant(tenantId, { limit: 200 });
  const items = await Promise.all(keys.map((key) => store.getIdempotency(tenantId, key)));
  return {
    live: await store.listLive(tenantId),
    states: sessions.map(({ state }) => state),
    keys: items.filter((item) => item !== null),
  };
}

export const pathOf = (sessionId: SessionId): string => `/v1/sessions/${sessionId}`;
