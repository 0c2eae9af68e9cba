import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Ids, tenantIdSchema } from '@steppe/contracts/ids';
import type { PreparedRuntimes } from '@steppe/control-plane/provisioner/local-process/prepare-runtimes';
import { startControlPlane } from '@steppe/control-plane/start-control-plane';
import { defaultTuning } from '@steppe/data-plane/data-plane-config';
import { startDataPlane } from '@steppe/data-plane/start-data-plane';
import { createJwtVerifier, plainTokens } from '@steppe/service-kit/auth/caller/jwt-verifier';
import {
  type CallerVerifier,
  createBypassVerifier,
} from '@steppe/service-kit/auth/caller/principal';
import { createInternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { loopbackHosts } from '@steppe/service-kit/http/browsers/refuse-foreign';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import type { Network } from '@steppe/service-kit/http/network';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Lifecycle } from '@steppe/service-kit/process/lifecycle';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { SessionStore } from '@steppe/session-store/ports';
import { createLocalJWKSet, exportJWK } from 'jose';
import { audience, issuer, signCallerToken } from './caller-token.ts';
import { allScopes, bundleDirectory, type RunConfig, stateDirectory } from './config.ts';
import { createProvisioner } from './create-provisioner.ts';
import { leaveRunFile } from './run-file.ts';
import { generateSigningKey, type SigningKey } from './signing-key.ts';

export interface RunningLocal {
  url: string;
  /** Absent under bypass. */
  token: string | undefined;
  /** The user whose permissions user code has. */
  user: string;
  /** Starts the pool of warm instances; called after the banner is printed. */
  fillPool(): void;
}

export interface LocalParts {
  lifecycle: Lifecycle;
  network: Network;
  clock: Clock;
  ids: Ids;
  store: SessionStore;
  /** The logger of the service with that name. */
  loggerOf: (service: string) => Logger;
}

const host = '127.0.0.1';
/** Lifetime of the token that the banner prints. */
export const tokenTtlSeconds = 12 * 3600;

/**
 * Starts all services in this process; nothing that they start outlives it.
 * @throws the system's error (EADDRINUSE) if the port is taken.
 */
export async function startLocal(
  config: RunConfig,
  { runtimes, localRuntimes }: PreparedRuntimes,
  { lifecycle, network, clock, ids, store, loggerOf }: LocalParts,
): Promise<RunningLocal> {
  const [callerKey, controlPlaneKey, dataPlaneKey] = await Promise.all([
    generateSigningKey('caller'),
    generateSigningKey('control-plane'),
    generateSigningKey('data-plane'),
  ]);
  const verifier = createVerifier(config, callerKey, clock);
  const controlPlaneLogger = loggerOf('control-plane');
  const shutdownMs = config.STEPPE_SHUTDOWN_SECONDS * 1000;

  const controlPlane = await startControlPlane(
    {
      host,
      port: 0,
      operatorPort: 0,
      servedHosts: loopbackHosts,
      runtimes,
      limits: {
        sessionsPerTenant: config.SESSIONS_PER_TENANT,
        ttlSeconds: 7 * 24 * 3600,
        provisioningMs: 60_000,
        endMs: 10_000,
      },
      poolStartsAtOnce: config.STEPPE_POOL_STARTS_AT_ONCE,
      reconciler: { intervalMs: 60_000, leaseMs: 150_000, graceMs: 30_000 },
      shutdownMs,
    },
    {
      store,
      provisioner: await createProvisioner(config, localRuntimes, controlPlaneKey, dataPlaneKey, {
        clock,
        ids,
        logger: controlPlaneLogger,
      }),
      verifier,
      signer: createInternalTokenSigner('control-plane', controlPlaneKey, clock),
      logger: controlPlaneLogger,
      registry: createRegistry('control-plane'),
      network,
      clock,
      ids,
    },
  );
  lifecycle.onClose('control-plane', controlPlane.close);

  const dataPlane = await startDataPlane(
    {
      ...defaultTuning,
      host,
      port: config.PORT,
      operatorPort: 0,
      controlPlaneUrl: `http://${host}:${controlPlane.port}`,
      docsDirectory: join(bundleDirectory, 'docs'),
      shutdownLimitMs: shutdownMs,
      corsOrigins: config.CORS_ORIGINS,
    },
    {
      routes: store,
      verifier,
      signer: createInternalTokenSigner('data-plane', dataPlaneKey, clock),
      logger: loggerOf('data-plane'),
      network,
      clock,
      ids,
      registry: createRegistry('data-plane'),
    },
  );
  lifecycle.onClose('data-plane', dataPlane.close);

  const { port } = dataPlane;
  const running = {
    url: `http://${host}:${port}`,
    user: userInfo().username,
    fillPool: controlPlane.fillPool,
  };
  const key = config.AUTH_MODE === 'bypass' ? null : callerKey;
  const shared = key && { kid: key.kid, private_jwk: { ...(await exportJWK(key.privateKey)) } };
  lifecycle.onClose(
    'run file',
    await leaveRunFile(stateDirectory, port, { pid: process.pid, key: shared }),
  );
  if (!key) return { ...running, token: undefined };
  const token = await signCallerToken({
    key: key.privateKey,
    kid: key.kid,
    tenant: 'development',
    scopes: allScopes,
    ttlSeconds: tokenTtlSeconds,
  });
  return { ...running, token };
}

function createVerifier(config: RunConfig, key: SigningKey, clock: Clock): CallerVerifier {
  if (config.AUTH_MODE === 'bypass') {
    return createBypassVerifier(
      tenantIdSchema.parse(config.AUTH_BYPASS_TENANT),
      config.AUTH_BYPASS_HOSTS,
    );
  }
  return createJwtVerifier(
    {
      keys: createLocalJWKSet(key.publicSet),
      ...plainTokens,
      issuers: [issuer],
      audiences: [audience],
      algorithms: ['EdDSA'],
    },
    clock,
  );
}
