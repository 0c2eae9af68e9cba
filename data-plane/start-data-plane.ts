import { createIds } from '@steppe/contracts/ids';
import type { CallerVerifier } from '@steppe/service-kit/auth/caller/principal';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { createBodyBudget } from '@steppe/service-kit/http/body/body-budget';
import { createApi } from '@steppe/service-kit/http/create-api';
import { createHttpMetrics, createRegistry } from '@steppe/service-kit/http/http-metrics';
import { listen } from '@steppe/service-kit/http/server/http-server';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLifecycle } from '@steppe/service-kit/process/lifecycle';
import type { Logger } from '@steppe/service-kit/process/logger';
import { listenForOperator } from '@steppe/service-kit/process/operator-server';
import type { SessionReader } from '@steppe/session-store/ports';
import { createAgentForwarder } from './agent-proxy/agent-proxy.ts';
import { createOperations } from './api/create-operations.ts';
import { createRateLimiter } from './api/rate-limit.ts';
import { createControlPlaneProxy } from './control-plane-proxy/control-plane-proxy.ts';
import type { DataPlaneConfig } from './data-plane-config.ts';
import { createUpstream } from './http-proxy/create-dispatcher.ts';
import { createRouteResolver } from './routing/resolve-route.ts';
import { createRouteCache } from './routing/route-cache.ts';
import { createForwardMetrics } from './telemetry/forward-metrics.ts';
import { startTracing } from './telemetry/tracing.ts';

export interface DataPlaneDependencies {
  routes: SessionReader;
  verifier: CallerVerifier;
  signer: InternalTokenSigner;
  logger: Logger;
}

export interface RunningDataPlane {
  port: number;
  operatorPort: number;
  /** Lets what runs finish for `shutdownLimitMs`. */
  close(): Promise<void>;
}

/**
 * Reads no environment and handles no signal.
 * @throws the system's error where a port cannot be listened on.
 */
export async function startDataPlane(
  config: DataPlaneConfig,
  dependencies: DataPlaneDependencies,
): Promise<RunningDataPlane> {
  const { verifier } = dependencies;
  // In each line, so that a bypass is seen wherever one looks.
  const logger = dependencies.logger.child({ auth_mode: verifier.authMode });
  const lifecycle = createLifecycle(logger);
  try {
    const registry = createRegistry('data-plane');
    const { host } = config;
    const ids = createIds(systemClock);
    let isListening = false;
    const isReady = () => isListening && lifecycle.isOpen();
    const operator = await listenForOperator({
      host,
      port: config.operatorPort,
      registry,
      isReady,
      clock: systemClock,
      ids,
    });
    lifecycle.onClose('operator port', () => operator.close(0));
    const tracing = await startTracing(config.otlpEndpoint, logger);
    lifecycle.onClose('traces', tracing.close);
    const upstream = createUpstream(config.connectTimeoutMs);
    lifecycle.onClose('connections to agents', () => upstream.destroy());

    const metrics = createForwardMetrics(registry, upstream);
    const retries = { delaysMs: config.connectRetryDelaysMs };
    const { uploadStallLimitMs } = config;
    const shared = { upstream, metrics, retries, uploadStallLimitMs };
    const app = createApi({
      operations: createOperations({
        tracing,
        verifier,
        limitRate: createRateLimiter(config.rateLimit),
        forwardToAgent: createAgentForwarder({
          ...shared,
          bodies: createBodyBudget(config.bodyBudget),
          routes: createRoutes(config, { ...dependencies, logger }),
          signer: dependencies.signer,
          logger,
          idleTimeoutMs: config.agentIdleTimeoutMs,
        }),
        passToControlPlane: createControlPlaneProxy({
          ...shared,
          controlPlaneUrl: config.controlPlaneUrl,
          idleTimeoutMs: config.controlPlaneIdleTimeoutMs,
        }),
      }),
      logger,
      metrics: createHttpMetrics(registry),
      writeTimeoutMs: config.writeTimeoutMs,
      servedHosts: verifier.servedHosts,
      corsOrigins: config.corsOrigins,
      clock: systemClock,
      ids,
    });
    const server = await listen({ app, host, port: config.port, clock: systemClock, ids });
    lifecycle.onClose('requests', () => server.close(config.shutdownLimitMs));
    isListening = true;
    logger.info({ port: server.port, operator_port: operator.port }, 'listening');
    if (verifier.authMode === 'bypass') {
      logger.warn(
        'no caller is authenticated: every call is taken for one tenant, with all scopes',
      );
    }
    return { port: server.port, operatorPort: operator.port, close: lifecycle.close };
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

function createRoutes(config: DataPlaneConfig, { routes, logger }: DataPlaneDependencies) {
  const onOutage = (isOut: boolean, err?: unknown) => {
    if (isOut) logger.warn({ err }, 'session store unavailable; cached routes are used at any age');
    else logger.info('session store available again');
  };
  return createRouteResolver({ cache: createRouteCache(config.routeCache, { routes, onOutage }) });
}
