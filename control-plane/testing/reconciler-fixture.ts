import { createIds } from '@steppe/contracts/ids';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import {
  localAccess,
  type RunningDynamoDb,
  startDynalite,
} from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { ensureTable } from '@steppe/session-store/dynamodb/ensure-table';
import type { SessionStore } from '@steppe/session-store/ports';
import { createPoolMetrics } from '../pool/pool-metrics.ts';
import { createWarmPool } from '../pool/warm-pool.ts';
import { createMissingInstances } from '../reconciler/missing-instances.ts';
import { type ReconcilerServices, reconcile } from '../reconciler/reconcile.ts';
import { createReconcilerMetrics } from '../reconciler/reconciler-metrics.ts';
import { createPendingCreates } from '../sessions/create/pending-creates.ts';
import { createSessionMetrics } from '../sessions/session-metrics.ts';
import type { SessionServices } from '../sessions/session-services.ts';
import { createInMemoryProvisioner, type InMemoryProvisioner } from './in-memory-provisioner.ts';
import { sessionRuntimes } from './session-runtimes.ts';

/** The current date, which only tests change. Timers are real. */
export interface ManualDate {
  nowMs: number;
}

export type FixtureServices = SessionServices & ReconcilerServices;

export interface ReconcilerFixture {
  store: SessionStore;
  inMemory: InMemoryProvisioner;
  clock: ManualDate;
  /** The services of one control-plane; `given` replaces some of them. */
  services(given?: Partial<FixtureServices>): FixtureServices;
  pass(given?: Partial<ReconcilerServices>): Promise<'complete' | 'incomplete'>;
}

export interface Tables {
  /** Creates a fixture with its own table and without instances. */
  openFixture(quota?: number): Promise<ReconcilerFixture>;
  close(): Promise<void>;
}

export const testRules = { provisioningMs: 60_000, graceMs: 10_000, longestStepMs: 3_600_000 };

const runtimes = sessionRuntimes(1);

/**
 * One clock for all tables of a process. It never goes back, because ids depend on it and must
 * increase.
 */
const clock: ManualDate = { nowMs: Date.now() };
const now = () => clock.nowMs;
const ids = createIds({ now });

/** @param startStore receives the clock of the fixture. */
export async function startTables(
  startStore: (now: () => number) => Promise<RunningDynamoDb> = () => startDynalite(),
): Promise<Tables> {
  const dynamoDb = await startStore(now);
  const client = createDynamoDbClient({
    ...localAccess,
    endpoint: dynamoDb.endpoint,
    connectTimeoutMs: 10_000,
    attemptTimeoutMs: 10_000,
  });
  let tables = 0;
  return {
    async openFixture(quota = 50) {
      tables += 1;
      const tableName = `table-${tables}`;
      await ensureTable(client, tableName);
      const store = createDynamoDbSessionStore({
        client,
        tableName,
        timeLimitMs: 20_000,
        ...realParts,
        clock: { ...systemClock, now },
      });
      const inMemory = createInMemoryProvisioner(now);
      const missing = createMissingInstances();
      const services: ReconcilerFixture['services'] = (given = {}) => {
        const registry = createRegistry('test');
        const provisioner = given.provisioner ?? inMemory.open();
        const logger = createLogger({ service: 'test', level: 'silent' });
        const startLimitMs = testRules.provisioningMs;
        return {
          store,
          provisioner,
          pool: createWarmPool({
            provisioner,
            runtimes,
            startLimitMs,
            startsAtOnce: 2,
            metrics: createPoolMetrics(registry),
            logger,
            clock: systemClock,
          }),
          metrics: createSessionMetrics(registry),
          reconcilerMetrics: createReconcilerMetrics(registry),
          agents: inMemory.agents,
          pending: createPendingCreates(testRules.provisioningMs, systemClock),
          runtimes,
          limits: {
            sessionsPerTenant: quota,
            ttlSeconds: 86_400,
            provisioningMs: testRules.provisioningMs,
            endMs: 10_000,
          },
          rules: testRules,
          missing,
          startedAtMs: now(),
          versions: new Map(runtimes.map((runtime) => [runtime.name, runtime.version])),
          poolSizes: new Map(runtimes.map((runtime) => [runtime.name, runtime.poolSize])),
          logger,
          clock: { ...systemClock, now },
          ids,
          ...given,
        };
      };
      return {
        store,
        inMemory,
        clock,
        services,
        pass: (given) => reconcile(services(given), new AbortController().signal),
      };
    },
    async close() {
      client.destroy();
      await dynamoDb.close();
    },
  };
}
