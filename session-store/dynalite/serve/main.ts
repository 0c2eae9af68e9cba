import { systemClock } from '@steppe/service-kit/process/clock';
import { closeOnSignal, createLifecycle } from '@steppe/service-kit/process/lifecycle';
import { createLogger } from '@steppe/service-kit/process/logger';
import { readServeConfig } from './config.ts';
import { serveDynalite } from './serve-dynalite.ts';

const config = readServeConfig();
const logger = createLogger({ service: 'local-store', level: 'info' });
const lifecycle = createLifecycle(logger);
const exit = (code: number) => process.exit(code);
closeOnSignal(lifecycle, { logger, clock: systemClock, limitMs: 3_000, exit });

const served = await serveDynalite({
  host: config.HOST,
  port: config.PORT,
  dataDirectory: config.DATA_DIR,
  tableName: config.SESSIONS_TABLE,
});
lifecycle.onClose('dynalite', served.close);
logger.info({ port: served.port, table: config.SESSIONS_TABLE }, 'listening');
