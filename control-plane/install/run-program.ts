import { createIds, type Ids } from '@steppe/contracts/ids';
import { type Clock, systemClock } from '@steppe/service-kit/process/clock';
import { createLogger, type Logger } from '@steppe/service-kit/process/logger';
import type { KubeCaller } from '../provisioner/kubernetes/api/client/call-kube-api.ts';
import { kubeConfigPaths } from './config.ts';
import { openKubeCaller } from './open-kube-caller.ts';

export interface ProgramParts {
  caller: KubeCaller;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** Prints a line for the person who installs. */
  print: (line: string) => void;
}

/** Runs a program of the chart's hooks; exits 1 with the reason if it throws. */
export async function runProgram(
  service: string,
  program: (parts: ProgramParts) => Promise<void>,
): Promise<void> {
  const logger = createLogger({ service, level: 'info' });
  const ids = createIds(systemClock);
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const caller = openKubeCaller({ kubeConfigPaths: kubeConfigPaths(), clock: systemClock, ids });
  try {
    await program({ caller, clock: systemClock, ids, logger, print });
  } catch (err) {
    logger.error({ err }, 'failed');
    process.exitCode = 1;
  } finally {
    await caller.close();
  }
}
