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
import { batchedOutput, createLogger } from '@steppe/service-kit/process/logger';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbRouteReader } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { readConfig } from './config.ts';
import { startDataPlane } from './start-data-plane.ts';

const config = readConfig();
const plainLogger = createLogger({
  service: 'data-plane',
  level: config.logLevel,
  to: batchedOutput(systemClock),
});
// The data-plane adds this field to the logger that it is given; these lines need it too.
const logger = plainLogger.child({ auth_mode: config.caller.authMode });
const lifecycle = createLifecycle(logger);
const exit = (code: number) => process.exit(code);
guardProcess({ logger, exit });

const { tableName, timeLimitMs, ...access } = config.dynamoDb;
const client = createDynamoDbClient(access);
lifecycle.onClose('DynamoDB client', () => client.destroy());

const opened = await openAll({
  JWKS_FILE: createCallerVerifier(config.caller, logger, systemClock),
  INTERNAL_KEY_FILE: openSigningKeys({ path: config.internalKeyFile, logger, clock: systemClock }),
});
if ('complaints' in opened) refuseConfig('data-plane', opened.complaints);
const dataPlane = await startDataPlane(config.dataPlane, {
  routes: createDynamoDbRouteReader({ client, tableName, timeLimitMs, clock: systemClock }),
  verifier: opened.JWKS_FILE,
  signer: createInternalTokenSigner('data-plane', opened.INTERNAL_KEY_FILE, systemClock),
  logger: plainLogger,
  network: tcpNetwork,
  clock: systemClock,
  ids: createIds(systemClock),
  registry: createRegistry('data-plane'),
});
lifecycle.onClose('data-plane', dataPlane.close);
closeOnSignal(lifecycle, {
  logger,
  clock: systemClock,
  limitMs: config.dataPlane.shutdownLimitMs + 5_000,
  exit,
});
