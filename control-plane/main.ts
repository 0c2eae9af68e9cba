import { createIds } from '@steppe/contracts/ids';
import { createCallerVerifier } from '@steppe/service-kit/auth/caller/create-caller-verifier';
import { openPublicKeys } from '@steppe/service-kit/auth/internal-token/key-directory';
import { createInternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { openSigningKeys } from '@steppe/service-kit/auth/internal-token/signing-keys';
import { openAll, refuseConfig } from '@steppe/service-kit/config/load-config';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { systemClock } from '@steppe/service-kit/process/clock';
import { guardProcess } from '@steppe/service-kit/process/guard-process';
import { closeOnSignal, createLifecycle } from '@steppe/service-kit/process/lifecycle';
import { createLogger } from '@steppe/service-kit/process/logger';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { readConfig } from './config.ts';
import { openInstancesDirectory } from './provisioner/local-process/instance-directory.ts';
import { createLocalProcessProvisioner } from './provisioner/local-process/local-process-provisioner.ts';
import { complaintsAboutModules } from './provisioner/local-process/missing-modules.ts';
import { prepareRuntimes } from './provisioner/local-process/prepare-runtimes.ts';
import { startControlPlane } from './start-control-plane.ts';

const config = readConfig();
const { publicKeysDirectory, runtimesDirectory, ...localProcess } = config.localProcess;
const prepared = await prepareRuntimes({ ...config, ...localProcess, runtimesDirectory });
const plainLogger = createLogger({ service: 'control-plane', level: config.logLevel });
// The control-plane adds `auth_mode` to the logger that it is given, so it gets the plain one.
const logger = plainLogger.child({ auth_mode: config.caller.authMode });
const lifecycle = createLifecycle(logger);
const exit = (code: number) => process.exit(code);
guardProcess({ logger, exit });

const ids = createIds(systemClock);

const { region, endpoint, tableName } = config.dynamoDb;
const client = createDynamoDbClient({ region, endpoint });
lifecycle.onClose('DynamoDB client', () => client.destroy());

const opened = await openAll({
  PUBLIC_KEYS_DIR: openPublicKeys(publicKeysDirectory, logger, systemClock),
  INSTANCES_DIR: openInstancesDirectory(localProcess.instancesDirectory),
  JWKS_FILE: createCallerVerifier(config.caller, logger, systemClock),
  INTERNAL_KEY_FILE: openSigningKeys({ path: config.internalKeyFile, logger, clock: systemClock }),
});
if ('complaints' in prepared || 'complaints' in opened) {
  const complaints = [prepared, opened].flatMap((result) =>
    'complaints' in result ? result.complaints : [],
  );
  refuseConfig('control-plane', complaints);
}
const { runtimes, supervisorCommand } = prepared;
const provisioner = createLocalProcessProvisioner({
  ...localProcess,
  supervisorCommand,
  publicKeys: opened.PUBLIC_KEYS_DIR,
  agentLogLevel: config.logLevel,
  clock: systemClock,
  ids,
  logger,
});

const controlPlane = await startControlPlane(
  { ...config.controlPlane, runtimes },
  {
    store: createDynamoDbSessionStore({
      client,
      tableName,
      clock: systemClock,
      ids,
    }),
    provisioner,
    verifier: opened.JWKS_FILE,
    signer: createInternalTokenSigner('control-plane', opened.INTERNAL_KEY_FILE, systemClock),
    logger: plainLogger,
    registry: createRegistry('control-plane'),
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
for (const complaint of await complaintsAboutModules(runtimes, supervisorCommand))
  logger.warn(complaint);
