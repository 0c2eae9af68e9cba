import type { Ids } from '@steppe/contracts/ids';
import type { CallerVerifier } from '@steppe/service-kit/auth/caller/principal';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { createBodyBudget } from '@steppe/service-kit/http/body/body-budget';
import { createApi } from '@steppe/service-kit/http/create-api';
import { createProxyDispatcher } from '@steppe/service-kit/http/dispatchers';
import { createHttpMetrics } from '@steppe/service-kit/http/http-metrics';
import type { Network } from '@steppe/service-kit/http/network';
import { listen } from '@steppe/service-kit/http/server/http-server';
import type { Clock } from '@steppe/service-kit/process/clock';
import { createLifecycle } from '@steppe/service-kit/process/lifecycle';
import type { Logger } from '@steppe/service-kit/process/logger';
import { listenForOperator } from '@steppe/service-kit/process/operator-server';
import type { SessionReader } from '@steppe/session-store/ports';
import type { Registry } from 'prom-client';
import type { Agent } from 'undici';
import { createAgentProxy } from './agent-proxy/agent-proxy.ts';
import { createOperations } from './api/create-operations.ts';
import { createRateLimiter } from './api/rate-limit.ts';
import { createControlPlaneProxy } from './control-plane-proxy/control-plane-proxy.ts';
import type { DataPlaneConfig } from './data-plane-config.ts';
import { createRouteResolver } from './routing/resolve-route.ts';
import { createRouteCache } from './routing/route-cache.ts';
import { createForwardMetrics } from './telemetry/forward-metrics.ts';
import { startTracing, type Tracing } from './telemetry/tracing.ts';

export interface DataPlaneParts {
  routes: SessionReader;
  verifier: CallerVerifier;
  signer: InternalTokenSigner;
  logger: Logger;
  network: Network;
  clock: Clock;
  ids: Ids;
  registry: Registry;
}

export interface RunningDataPlane {
  port: number;
  operatorPort: number;
  /** Lets running requests finish for `shutdownLimitMs`. */
  close(): Promise<void>;
}

/**
 * Reads no environment and handles no signal.
 * @throws the system's error if it cannot listen on a port.
 */
export async function startDataPlane(
  config: DataPlaneConfig,
  given: DataPlaneParts,
): Promise<RunningDataPlane> {
  const { network, clock, ids, registry, verifier } = given;
  // Added to each line, so that a bypass is visible everywhere.
  const logger = given.logger.child({ auth_mode: verifier.authMode });
  const lifecycle = createLifecycle(logger);
  try {
    const { host, connectTimeoutMs } = config;
    let isListening = false;
    const operator = await listenForOperator({
      host,
      port: config.operatorPort,
      registry,
      isReady: () => isListening && lifecycle.isOpen(),
      network,
      clock,
      ids,
    });
    lifecycle.onClose('operator port', () => operator.close(0));
    const tracing = await startTracing(config.otlpEndpoint, { logger, clock });
    lifecycle.onClose('traces', tracing.close);
    const dispatcher = createProxyDispatcher({ network, connectTimeoutMs });
    lifecycle.onClose('connections to agents', () => dispatcher.destroy());
    const app = createApp(config, { ...given, logger, tracing, dispatcher });
    const server = await listen({ app, host, port: config.port, network, clock, ids });
    lifecycle.onClose('requests', () => server.close(config.shutdownLimitMs));
    isListening = true;
    logger.info({ port: server.port, operator_port: operator.port }, 'listening');
    if (verifier.authMode === 'bypass')
      logger.warn('authentication is bypassed: every call has all scopes of one tenant');
    return { port: server.port, operatorPort: operator.port, close: lifecycle.close };
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

type AppParts = DataPlaneParts & { tracing: Tracing; dispatcher: Agent };

function createApp(config: DataPlaneConfig, parts: AppParts) {
  const { clock, ids, logger, verifier, registry, dispatcher } = parts;
  const cache = createCache(config, parts);
  const shared = {
    ...parts,
    metrics: createForwardMetrics(registry, dispatcher),
    retries: { delaysMs: config.connectRetryDelaysMs, random: ids.random },
    uploadStallLimitMs: config.uploadStallLimitMs,
  };
  return createApi({
    operations: createOperations({
      tracing: parts.tracing,
      docsDirectory: config.docsDirectory,
      verifier,
      limitRate: createRateLimiter(config.rateLimit, clock),
      proxyToAgent: createAgentProxy({
        ...shared,
        bodies: createBodyBudget(config.bodyBudget),
        routes: createRouteResolver({ cache, clock }),
        idleTimeoutMs: config.agentIdleTimeoutMs,
      }),
      proxyToControlPlane: createControlPlaneProxy({
        ...shared,
        routes: cache,
        controlPlaneUrl: config.controlPlaneUrl,
        idleTimeoutMs: config.controlPlaneIdleTimeoutMs,
      }),
    }),
    logger,
    metrics: createHttpMetrics(registry),
    writeTimeoutMs: config.writeTimeoutMs,
    servedHosts: verifier.servedHosts,
    corsOrigins: config.corsOrigins,
    clock,
    ids,
  });
}

function createCache({ routeCache }: DataPlaneConfig, parts: DataPlaneParts) {
  const { routes, clock, ids, logger } = parts;
  const onOutage = (isOut: boolean, err?: unknown) => {
    if (isOut) logger.warn({ err }, 'session store unavailable; serving cached routes of any age');
    else logger.info('session store available again');
  };
  return createRouteCache(routeCache, { routes, clock, ids, onOutage });
}
