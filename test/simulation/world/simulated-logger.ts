import type { Logger } from '@steppe/service-kit/process/logger';
import type { History } from '../history/history.ts';
import type { Kernel } from '../kernel/kernel.ts';

const ignored = () => {};

/** Counts warnings and errors, and adds them to the trace. */
export function createSimulatedLogger(kernel: Kernel, history: History, who: string): Logger {
  const record = (level: string) => (fields: unknown, message?: string) => {
    const text = message ?? String(fields);
    history.count(`log ${level}: ${text}`);
    if (kernel.isTraced) kernel.trace(`${who}: ${level} ${text} ${describe(fields)}`);
  };
  const logger = {
    level: 'info',
    isLevelEnabled: () => false,
    child: () => logger,
    flush: ignored,
    trace: ignored,
    debug: ignored,
    info: kernel.isTraced ? record('info') : ignored,
    warn: record('warning'),
    error: record('error'),
    fatal: record('fatal'),
  };
  return asLogger(logger);
}

/** It has every member of a logger that the product uses. */
const asLogger = (logger: object): Logger => logger as Logger;

const describe = (fields: unknown): string =>
  typeof fields === 'object' && fields !== null
    ? JSON.stringify(fields, (_, value) => (value instanceof Error ? value.stack : value))
    : '';
