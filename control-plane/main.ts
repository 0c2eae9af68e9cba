import { createIds } from '@steppe/contracts/ids';
import { createCallerVerifier } from '@steppe/service-kit/auth/caller/create-caller-verifier';
import { createInternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { openSigningKeys } from '@steppe/service-kit/auth/internal-token/signing-keys';
import { openAll, refuseConfig } from '@steppe/service-kit/config/load-config';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { tcpNetwork } from '@steppe/service-kit/http/network';
import { systemClock } from '@steppe/service-kit/process/clock';
import {
  closeOnSignal,
  createLifecycle,
  guardProcess,
} from '@steppe/service-kit/process/lifecycle';
import { createLogger } from '@steppe/service-kit/process/logger';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { readConfig } from './config.ts';
import { openProvisioner } from './open-provisioner.ts';
import { startControlPlane } from './start-control-plane.ts';

const config = readConfig();
const plainLogger = createLogger({ service: 'control-plane', level: config.logLevel });
// The control-plane adds `auth_mode` to the logger that it is given, so it gets the plain one.
const logger = plainLogger.child({ auth_mode: config.caller.authMode });
const lifecycle = createLifecycle(logger);
const exit = (code: number) => process.exit(code);
guardProcess({ logger, exit });

const ids = createIds(systemClock);
const registry = createRegistry('control-plane');

const { tableName, timeLimitMs, ...access } = config.dynamoDb;
const client = createDynamoDbClient(access);
lifecycle.onClose('DynamoDB client', () => client.destroy());

const [opened, credentials] = await Promise.all([
  openProvisioner(config.provisioner, {
    network: tcpNetwork,
    clock: systemClock,
    ids,
    logger,
    registry,
  }),
  openAll({
    JWKS_FILE: createCallerVerifier(config.caller, logger, systemClock),
    INTERNAL_KEY_FILE: openSigningKeys({
      path: config.internalKeyFile,
      logger,
      clock: systemClock,
    }),
  }),
]);
if ('complaints' in opened || 'complaints' in credentials) {
  const complaints = [opened, credentials].flatMap((result) =>
    'complaints' in result ? result.complaints : [],
  );
  refuseConfig('control-plane', complaints);
}
const { provisioner, runtimes, findWarnings } = opened;

const controlPlane = await startControlPlane(
  { ...config.controlPlane, runtimes },
  {
    store: createDynamoDbSessionStore({
      client,
      tableName,
      timeLimitMs,
      clock: systemClock,
      ids,
    }),
    provisioner,
    verifier: credentials.JWKS_FILE,
    signer: createInternalTokenSigner('control-plane', credentials.INTERNAL_KEY_FILE, systemClock),
    logger: plainLogger,
    registry,
    network: tcpNetwork,
    clock: systemClock,
    ids,
  },
);
lifecycle.onClose('control-plane', controlPlane.close);
const { shutdownMs, limits } = config.controlPlane;
closeOnSignal(lifecycle, {
  logger,
  clock: systemClock,
  limitMs: shutdownMs + limits.endMs + 5_000,
  exit,
});
controlPlane.fillPool();
for (const warning of await findWarnings()) logger.warn(warning);
