import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type TenantId, tenantIdSchema } from '@steppe/contracts/ids';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import type { CallerVerifier } from '@steppe/service-kit/auth/caller/principal';
import { createInternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { AppError } from '@steppe/service-kit/http/app-error';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { type DataPlaneConfig, defaultTuning } from '../data-plane-config.ts';
import { type DataPlaneParts, startDataPlane } from '../start-data-plane.ts';
import { type Call, call, type Response } from './call.ts';
import { createFakeRoutes, type FakeRoutes, ready } from './fake-routes.ts';
import { type FakeAgent, startAgent } from './start-agent.ts';

export interface TestDataPlane {
  port: number;
  operatorPort: number;
  routes: FakeRoutes;
  tenantId: TenantId;
  /** Log lines of requests, in the order in which they ended. */
  requests(): Record<string, unknown>[];
  lines: Record<string, unknown>[];
  /** Adds a ready session of the tenant at this address. */
  addSession(address: string, changed?: Partial<ReadyRecord>): ReadyRecord;
  startAgent(handle: Parameters<typeof startAgent>[0], port?: number): Promise<FakeAgent>;
  /** Calls as the tenant. */
  call(given: Call): Promise<Response>;
  authorization: string;
  close(): Promise<void>;
  /** Closes this data-plane and every agent that it started. */
  closeAll(): Promise<void>;
}

const scopes = ['sessions:read', 'sessions:write', 'steps:run'];

/**
 * Accepts `Bearer <tenant>` with all scopes, and `Bearer <tenant> <scope>,<scope>` with only those.
 */
export const tenantVerifier: CallerVerifier = {
  authMode: 'jwt',
  verify(authorization) {
    const [, tenant, listed] = authorization?.split(' ') ?? [];
    if (!tenant)
      throw new AppError('unauthenticated', 'no token', {
        headers: { 'WWW-Authenticate': 'Bearer' },
      });
    return {
      tenantId: tenantIdSchema.parse(tenant),
      scopes: new Set(listed?.split(',') ?? scopes),
    };
  },
};

export async function startTestDataPlane(
  changed: Partial<DataPlaneConfig> = {},
  parts: Partial<DataPlaneParts> = {},
): Promise<TestDataPlane> {
  const routes = createFakeRoutes();
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    service: 'test',
    level: 'info',
    to: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const running = await startDataPlane(
    {
      ...defaultTuning,
      connectRetryDelaysMs: [1, 2, 3],
      shutdownLimitMs: 2_000,
      host: '127.0.0.1',
      port: 0,
      operatorPort: 0,
      controlPlaneUrl: 'http://127.0.0.1:9',
      docsDirectory: fileURLToPath(new URL('../../dist/docs', import.meta.url)),
      ...changed,
    },
    {
      routes,
      verifier: tenantVerifier,
      signer: createInternalTokenSigner(
        'data-plane',
        await makeInternalKeyPair('test'),
        systemClock,
      ),
      logger,
      ...realParts,
      registry: createRegistry('data-plane'),
      ...parts,
    },
  );
  const tenantId = tenantIdSchema.parse(`tenant-${randomUUID()}`);
  const authorization = `Bearer ${tenantId}`;
  const agents: FakeAgent[] = [];
  return {
    ...running,
    routes,
    tenantId,
    authorization,
    lines,
    requests: () => lines.filter((line) => line.msg === 'request'),
    addSession(address, given) {
      const record = ready(tenantId, address, given);
      routes.rows.set(record.session_id, record);
      return record;
    },
    async startAgent(handle, port) {
      const agent = await startAgent(handle, port);
      agents.push(agent);
      return agent;
    },
    call: (given) => call(running.port, { ...given, headers: { authorization, ...given.headers } }),
    async closeAll() {
      for (const agent of agents) await agent.close();
      await running.close();
    },
  };
}
