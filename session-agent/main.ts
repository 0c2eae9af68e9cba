import { systemClock } from '@steppe/service-kit/process/clock';
import './quick-start.ts';
import { rmSync, writeSync } from 'node:fs';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { guardProcess } from '@steppe/service-kit/process/guard-process';
import { removeUnusedInstances } from '@steppe/service-kit/process/instances-directory';
import { closeOnSignal, createLifecycle } from '@steppe/service-kit/process/lifecycle';
import { createLogger } from '@steppe/service-kit/process/logger';
import { readConfig } from './config.ts';
import { startAgent } from './start-agent.ts';

const config = readConfig();
const logger = createLogger({ service: 'session-agent', level: config.LOG_LEVEL }).child({
  instance_id: config.STEPPE_INSTANCE_ID,
});
const lifecycle = createLifecycle(logger);
const exit = (code: number) => process.exit(code);
// Its log may be read by nobody; the end of its standard error is what is said of its end.
guardProcess({
  logger,
  exit,
  onFatal: (error) => writeSync(2, `${error instanceof Error ? error.stack : error}\n`),
});
closeOnSignal(lifecycle, { logger, clock: systemClock, limitMs: 8_000, exit });

if (config.STEPPE_LIFELINE === 'stdin') {
  // Whoever started us is gone, however it went: so do we, and nobody else is left to clear up.
  const endAlone = async () => {
    await lifecycle.close();
    if (config.STEPPE_INSTANCE_DIR)
      rmSync(config.STEPPE_INSTANCE_DIR, { recursive: true, force: true, maxRetries: 10 });
    if (config.STEPPE_INSTANCES_DIR) removeUnusedInstances(config.STEPPE_INSTANCES_DIR);
    exit(0);
  };
  // Its ends of our streams went with it; what is still written there, of a supervisor too, must
  // not cut the clearing up short.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.stdin.on('error', () => {}).once('close', () => runDetached(endAlone));
  process.stdin.resume();
}
// The bundle is a script, which awaits nothing at its top.
runDetached(async () => {
  const { port } = await startAgent(config, { logger, lifecycle, exit });
  logger.info({ port }, 'ready');
  if (config.STEPPE_READY_FD !== undefined)
    writeSync(config.STEPPE_READY_FD, `${JSON.stringify({ port })}\n`);
});
