import { complaintsAbout } from '@steppe/control-plane/provisioner/local-process/check-interpreter';
import { closeOnSignal, createLifecycle } from '@steppe/service-kit/lifecycle';
import { refuseConfig } from '@steppe/service-kit/load-config';
import { createLogger } from '@steppe/service-kit/logger';
import { destination } from 'pino';
import { banner } from './banner.ts';
import { readRunConfig } from './config.ts';
import { startLocal } from './start-local.ts';

const config = readRunConfig();
const complaints = await complaintsAbout({ python: config.STEPPE_PYTHON, node: config.STEPPE_NODE });
if (complaints.length > 0) refuseConfig('steppe', complaints);
const loggerOf = (service: string) => createLogger({ service, level: config.LOG_LEVEL, to: destination({ fd: 2, sync: false }) });
const logger = loggerOf('local');
const lifecycle = createLifecycle(logger);
const exit = (code: number) => process.exit(code);
closeOnSignal(lifecycle, logger, config.STEPPE_SHUTDOWN_SECONDS * 1000 + 15_000, exit);
// A terminal that hangs up takes its ends of our streams with it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  process.stdout.write(banner(await startLocal(config, lifecycle, loggerOf)));
} catch (error) {
  await lifecycle.close();
  if (!isAddressInUse(error)) throw error;
  process.stderr.write(`steppe: port ${config.PORT} is taken; end what listens there, or choose another: PORT=8081 make run\n`);
  exit(1);
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
