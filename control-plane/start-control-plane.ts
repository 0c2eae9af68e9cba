import type { Ids } from '@steppe/contracts/ids';
import type { CallerVerifier } from '@steppe/service-kit/auth/caller/principal';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { innerHeaderBytes } from '@steppe/service-kit/config/variables';
import {
  type BodyBudgetOptions,
  createBodyBudget,
  defaultBodyBudget,
} from '@steppe/service-kit/http/body/body-budget';
import { createApi } from '@steppe/service-kit/http/create-api';
import { createHttpMetrics } from '@steppe/service-kit/http/http-metrics';
import type { Network } from '@steppe/service-kit/http/network';
import { listen } from '@steppe/service-kit/http/server/http-server';
import type { Clock } from '@steppe/service-kit/process/clock';
import { createLifecycle } from '@steppe/service-kit/process/lifecycle';
import type { Logger } from '@steppe/service-kit/process/logger';
import { listenForOperator } from '@steppe/service-kit/process/operator-server';
import type { SessionStore } from '@steppe/session-store/ports';
import type { Registry } from 'prom-client';
import type { Admission } from './authorised.ts';
import { createPoolMetrics } from './pool/pool-metrics.ts';
import { createWarmPool } from './pool/warm-pool.ts';
import { instrumentProvisioner } from './provisioner/instrumented-provisioner.ts';
import type { SessionProvisioner } from './provisioner/session-provisioner.ts';
import {
  type ReconcilerTiming,
  reconcilerServices,
  startReconciler,
} from './reconciler/start-reconciler.ts';
import { listRuntimesOperation } from './runtimes/list.ts';
import type { SessionRuntime } from './runtimes/session-runtime.ts';
import { createAgentClient } from './sessions/agent-client.ts';
import { createSessionOperation } from './sessions/create/create.ts';
import { createPendingCreates } from './sessions/create/pending-creates.ts';
import { deleteSessionOperation } from './sessions/delete.ts';
import { getSessionOperation } from './sessions/get.ts';
import { listSessionsOperation } from './sessions/list.ts';
import { patchSessionOperation } from './sessions/patch.ts';
import { createSessionMetrics } from './sessions/session-metrics.ts';
import type { SessionLimits, SessionServices } from './sessions/session-services.ts';
import { watchTerminations } from './sessions/termination/watch.ts';

export interface ControlPlaneConfig {
  host: string;
  /** 0 selects a free port. */
  port: number;
  operatorPort: number;
  /** Requests for other hosts are refused; absent: the hosts that the verifier allows. */
  servedHosts?: readonly string[];
  runtimes: readonly SessionRuntime[];
  limits: SessionLimits;
  /** Absent: the default budget. */
  bodyBudget?: BodyBudgetOptions;
  /** How many warm instances of one runtime start at the same time. */
  poolStartsAtOnce: number;
  reconciler: ReconcilerConfig;
  /** How long running requests may continue after `close`. */
  shutdownMs: number;
}

export interface ReconcilerConfig extends ReconcilerTiming {
  /** How long creates, deletes and ends may take to finish by themselves. */
  graceMs: number;
}

export interface ControlPlaneParts {
  store: SessionStore;
  /** Closed with the control-plane, which has to record the ends that this causes. */
  provisioner: SessionProvisioner;
  verifier: CallerVerifier;
  /** Signs as the plane `control-plane`. */
  signer: InternalTokenSigner;
  logger: Logger;
  registry: Registry;
  network: Network;
  clock: Clock;
  ids: Ids;
}

export interface ControlPlane {
  port: number;
  operatorPort: number;
  /**
   * Starts to keep warm instances. That slows the machine down for a moment, so the caller first
   * reports that the control-plane has started.
   */
  fillPool(): void;
  /**
   * Lets requests finish in time, rolls back creates that do not, and ends the instances that
   * cannot outlive this process. Idempotent.
   */
  close(): Promise<void>;
}

/** Reads no environment and handles no signal, so that several services can share a process. */
export async function startControlPlane(
  config: ControlPlaneConfig,
  parts: ControlPlaneParts,
): Promise<ControlPlane> {
  const { store, verifier, signer, network, clock, ids, registry } = parts;
  // Every line contains the mode, so that a bypass is visible in any part of the log.
  const logger = parts.logger.child({ auth_mode: verifier.authMode });
  const { host, runtimes, limits, shutdownMs } = config;
  const lifecycle = createLifecycle(logger);
  if (verifier.authMode === 'bypass')
    logger.warn('authentication is bypassed: every call has all scopes of one tenant');
  let isServing = false;
  const provisioner = instrumentProvisioner(parts.provisioner, registry, clock);
  try {
    const isReady = () => isServing && lifecycle.isOpen();
    const operator = await listenForOperator({
      host,
      port: config.operatorPort,
      registry,
      isReady,
      network,
      clock,
      ids,
    });
    lifecycle.onClose('operator server', () => operator.close(0));
    const agents = createAgentClient({ signer, network });
    lifecycle.onClose('agent connections', () => agents.close());
    const pending = createPendingCreates(limits.provisioningMs, clock);
    const metrics = createSessionMetrics(registry);
    const pool = createWarmPool({
      provisioner,
      runtimes,
      startLimitMs: limits.provisioningMs,
      startsAtOnce: config.poolStartsAtOnce,
      metrics: createPoolMetrics(registry),
      logger,
      clock,
    });
    const services: SessionServices = {
      store,
      provisioner,
      agents,
      pending,
      pool,
      runtimes,
      limits,
      metrics,
      logger,
      clock,
      ids,
    };
    const watch = watchTerminations(services);
    lifecycle.onClose('recording of ends', () => watch.stop());
    lifecycle.onClose('instances', () => provisioner.close());
    lifecycle.onClose('warm pool', () => pool.close());
    lifecycle.onClose('creates', () => pending.close());
    const reconciler = startReconciler(
      reconcilerServices(services, config.reconciler.graceMs, registry),
      config.reconciler,
    );
    lifecycle.onClose('reconciler', () => reconciler.close());
    const app = createApi({
      operations: createOperations(services, {
        verifier,
        bodies: createBodyBudget(config.bodyBudget ?? defaultBodyBudget),
      }),
      logger,
      metrics: createHttpMetrics(registry),
      servedHosts: config.servedHosts ?? verifier.servedHosts,
      clock,
      ids,
    });
    const server = await listen({
      app,
      host,
      port: config.port,
      maxHeaderBytes: innerHeaderBytes,
      network,
      clock,
      ids,
    });
    lifecycle.onClose('HTTP server', () => server.close(shutdownMs));
    isServing = true;
    logger.info({ port: server.port, operator_port: operator.port }, 'listening');
    return {
      port: server.port,
      operatorPort: operator.port,
      close: lifecycle.close,
      fillPool: pool.fill,
    };
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

const createOperations = (services: SessionServices, admission: Admission) => ({
  create_session: createSessionOperation(services)(admission),
  list_sessions: listSessionsOperation(services)(admission),
  get_session: getSessionOperation(services)(admission),
  patch_session: patchSessionOperation(services)(admission),
  delete_session: deleteSessionOperation(services)(admission),
  list_runtimes: listRuntimesOperation(services.runtimes)(admission),
});
