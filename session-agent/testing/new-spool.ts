import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '@steppe/contracts/limits';
import { createLogger } from '@steppe/service-kit/process/logger';
import { SessionSpool, type SpoolLimits } from '../spool/session-spool.ts';
import { createSpoolDirectory } from '../spool/spool-directory.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

/** A spool in a directory of its own, which the process removes when it exits. */
export function newSpool(given: Partial<SpoolLimits> & { directory?: string } = {}): SessionSpool {
  const { directory = newDirectory(), ...bounds } = given;
  return new SessionSpool(
    createSpoolDirectory(directory),
    { stepBytes: limits.stepSpoolBytes, sessionBytes: limits.sessionSpoolBytes, ...bounds },
    logger,
  );
}

const directories: string[] = [];

function newDirectory(): string {
  if (directories.length === 0) process.once('exit', removeAll);
  const directory = mkdtempSync('/tmp/steppe-spool-');
  directories.push(directory);
  return join(directory, 'spool');
}

const removeAll = (): void => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
};
