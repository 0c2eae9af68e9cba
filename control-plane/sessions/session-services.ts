import type { Logger } from '@steppe/service-kit/process/logger';
import type { SessionStore } from '@steppe/session-store/ports';
import type { WarmPool } from '../pool/warm-pool.ts';
import type { SessionProvisioner } from '../provisioner/session-provisioner.ts';
import type { RuntimeDefinition } from '../runtimes/runtime-definition.ts';
import type { AgentClient } from './agent-client.ts';
import type { PendingCreates } from './create/pending-creates.ts';
import type { SessionMetrics } from './session-metrics.ts';

/** The operator's numbers. */
export interface SessionLimits {
  /** Live sessions of one tenant, at most 5000. */
  sessionsPerTenant: number;
  ttlSeconds: number;
  /** Of a create as a whole. */
  provisioningMs: number;
  /** How long a delete waits for the instance to be gone; the end continues after it. */
  endMs: number;
}

/** What the use cases share. */
export interface SessionServices {
  store: SessionStore;
  provisioner: SessionProvisioner;
  agents: AgentClient;
  pending: PendingCreates;
  pool: WarmPool;
  runtimes: readonly RuntimeDefinition[];
  limits: SessionLimits;
  metrics: SessionMetrics;
  logger: Logger;
  /** Milliseconds of Unix time. */
  now: () => number;
}
