import { join } from 'node:path';
import { createIds } from '@steppe/contracts/ids';
import { complaintsAboutModules } from '@steppe/control-plane/provisioner/local-process/missing-modules';
import { prepareRuntimes } from '@steppe/control-plane/provisioner/local-process/prepare-runtimes';
import { openAll, refuseConfig } from '@steppe/service-kit/config/load-config';
import { tcpNetwork } from '@steppe/service-kit/http/network';
import { systemClock } from '@steppe/service-kit/process/clock';
import {
  closeOnSignal,
  createLifecycle,
  guardProcess,
} from '@steppe/service-kit/process/lifecycle';
import { createLogger } from '@steppe/service-kit/process/logger';
import { destination } from 'pino';
import { banner } from './banner.ts';
import { agentBundle, bundleDirectory, hostVariables, readRunConfig } from './config.ts';
import { onHangUp } from './hang-up.ts';
import { startLocal } from './start-local.ts';
import { startStore } from './start-store.ts';

const config = readRunConfig();
const prepared = await prepareRuntimes({
  runtimesFile: config.STEPPE_RUNTIMES,
  poolSize: config.STEPPE_POOL_SIZE,
  interpreters: { python: config.STEPPE_PYTHON, node: config.STEPPE_NODE },
  runtimesDirectory: join(bundleDirectory, 'runtimes'),
  agentBundle,
  hostVariables: hostVariables(),
  logLevel: config.LOG_LEVEL,
});
if ('complaints' in prepared) refuseConfig('steppe', prepared.complaints);
const loggerOf = (service: string) =>
  createLogger({ service, level: config.LOG_LEVEL, to: destination({ fd: 2, sync: false }) });
const logger = loggerOf('local');
const lifecycle = createLifecycle(logger);
const exit = (code: number) => process.exit(code);
guardProcess({ logger, exit });
closeOnSignal(lifecycle, {
  logger,
  clock: systemClock,
  limitMs: config.STEPPE_SHUTDOWN_SECONDS * 1000 + 15_000,
  exit,
});
onHangUp(systemClock, () => process.kill(process.pid, 'SIGHUP'));
// Writes to these streams fail after the terminal hangs up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const parts = {
  lifecycle,
  network: tcpNetwork,
  clock: systemClock,
  ids: createIds(systemClock),
};
const print = (line: string) => process.stderr.write(`steppe: ${line}\n`);
const opened = await openAll({ DYNAMODB_ENDPOINT: startStore(config, { ...parts, print }) });
if ('complaints' in opened) refuseConfig('steppe', opened.complaints);
const { store, table } = opened.DYNAMODB_ENDPOINT;

try {
  const local = await startLocal(config, prepared, { ...parts, store, loggerOf });
  process.stdout.write(banner({ ...local, table }));
  local.fillPool();
  // The built-in python-data reports missing modules at its first create; the operator's own list
  // is checked at the start.
  if (config.STEPPE_RUNTIMES) {
    const complaints = await complaintsAboutModules(prepared.localRuntimes);
    for (const complaint of complaints) print(complaint);
  }
} catch (error) {
  await lifecycle.close();
  if (!isAddressInUse(error)) throw error;
  process.stderr.write(
    `steppe: port ${config.PORT} is taken; stop the process that listens there, or choose another port: PORT=8081 make run\n`,
  );
  exit(1);
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
