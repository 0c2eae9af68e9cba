import { createDynamoDbClient } from '@steppe/route-store/dynamodb/create-client';
import { createDynamoDbRouteReader } from '@steppe/route-store/dynamodb/dynamodb-session-store';
import { createCallerVerifier } from '@steppe/service-kit/caller/create-caller-verifier';
import { createInternalTokenSigner } from '@steppe/service-kit/internal-token/signer';
import { openSigningKeys } from '@steppe/service-kit/internal-token/signing-keys';
import { closeOnSignal, createLifecycle } from '@steppe/service-kit/lifecycle';
import { createLogger } from '@steppe/service-kit/logger';
import { readConfig } from './config.ts';
import { startDataPlane } from './start-data-plane.ts';

const config = readConfig();
const logger = createLogger({ service: 'data-plane', level: config.logLevel });
const lifecycle = createLifecycle(logger);

const { region, endpoint, tableName } = config.dynamoDb;
const client = createDynamoDbClient({ region, endpoint });
lifecycle.onClose('DynamoDB client', () => client.destroy());

const dataPlane = await startDataPlane(config.dataPlane, {
  routes: createDynamoDbRouteReader({ client, tableName }),
  verifier: await createCallerVerifier(config.caller, logger),
  signer: createInternalTokenSigner('data-plane', await openSigningKeys({ path: config.internalKeyFile, logger })),
  logger,
});
lifecycle.onClose('data-plane', dataPlane.close);
closeOnSignal(lifecycle, logger, config.dataPlane.shutdownLimitMs + 5_000, (code) => process.exit(code));
