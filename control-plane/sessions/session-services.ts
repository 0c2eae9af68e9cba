import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { SessionStore } from '@steppe/session-store/ports';
import type { WarmPool } from '../pool/warm-pool.ts';
import type { SessionProvisioner } from '../provisioner/session-provisioner.ts';
import type { SessionRuntime } from '../runtimes/session-runtime.ts';
import type { AgentClient } from './agent-client.ts';
import type { PendingCreates } from './create/pending-creates.ts';
import type { SessionMetrics } from './session-metrics.ts';

/** Limits that the operator configures. */
export interface SessionLimits {
  /** Maximum of live sessions of one tenant, at most 5000. */
  sessionsPerTenant: number;
  ttlSeconds: number;
  /** Time limit for a whole create. */
  provisioningMs: number;
  /** How long a delete waits for the instance to end. The termination continues after that. */
  endMs: number;
}

/** Everything that the use cases need. Each of them declares the part that it uses. */
export interface SessionServices {
  store: SessionStore;
  provisioner: SessionProvisioner;
  agents: AgentClient;
  pending: PendingCreates;
  pool: WarmPool;
  runtimes: readonly SessionRuntime[];
  limits: SessionLimits;
  metrics: SessionMetrics;
  logger: Logger;
  clock: Clock;
  ids: Ids;
}
