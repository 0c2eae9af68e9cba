import { join } from 'node:path';
import type { Plane } from '@steppe/contracts/internal';
import { createDynamoDbClient } from '@steppe/route-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/route-store/dynamodb/dynamodb-session-store';
import { createCallerVerifier } from '@steppe/service-kit/caller/create-caller-verifier';
import { keyFileName } from '@steppe/service-kit/internal-token/key-directory';
import { readInternalKey } from '@steppe/service-kit/internal-token/key-file';
import { createInternalTokenSigner } from '@steppe/service-kit/internal-token/signer';
import { createKeySetFile } from '@steppe/service-kit/key-set-file';
import { closeOnSignal, createLifecycle } from '@steppe/service-kit/lifecycle';
import { refuseConfig } from '@steppe/service-kit/load-config';
import { createLogger } from '@steppe/service-kit/logger';
import { readConfig } from './config.ts';
import { complaintsAbout } from './provisioner/local-process/check-interpreter.ts';
import { createLocalProcessProvisioner } from './provisioner/local-process/local-process-provisioner.ts';
import { startControlPlane } from './start-control-plane.ts';

const config = readConfig();
const complaints = await complaintsAbout(config.interpreters);
if (complaints.length > 0) refuseConfig('control-plane', complaints);
const logger = createLogger({ service: 'control-plane', level: config.logLevel });
const lifecycle = createLifecycle(logger);

const { region, endpoint, tableName } = config.dynamoDb;
const client = createDynamoDbClient({ region, endpoint });
lifecycle.onClose('DynamoDB client', () => client.destroy());

const { publicKeysDirectory, ...localProcess } = config.localProcess;
const publicKeysOf = (plane: Plane) => createKeySetFile({ path: join(publicKeysDirectory, keyFileName(plane)), logger }).read();
const provisioner = createLocalProcessProvisioner({
  ...localProcess,
  publicKeys: {
    'control-plane': await publicKeysOf('control-plane'),
    'data-plane': await publicKeysOf('data-plane'),
  },
  agentLogLevel: config.logLevel,
  logger,
});

const controlPlane = await startControlPlane(config.controlPlane, {
  store: createDynamoDbSessionStore({ client, tableName }),
  provisioner,
  verifier: await createCallerVerifier(config.caller, logger),
  signer: createInternalTokenSigner('control-plane', await readInternalKey(config.internalKeyFile)),
  logger,
});
lifecycle.onClose('control-plane', controlPlane.close);
const { shutdownMs, limits } = config.controlPlane;
closeOnSignal(lifecycle, logger, shutdownMs + limits.endMs + 5_000, (code) => process.exit(code));
