import type { Clock } from './clock.ts';
import { connectionOwner, runDetached } from './connection-owner.ts';
import type { Logger } from './logger.ts';

interface GuardOptions {
  logger: Logger;
  exit: (code: number) => void;
  /** Called with an error that ends the process, before the process exits. */
  onFatal?: (error: unknown) => void;
}

/**
 * On an unexpected error, closes only the connection whose handling threw it. An error that no
 * connection owns may have broken anything: it ends the process with exit code 1, after a log line.
 * Unhandled rejections are treated like other errors.
 */
export function guardProcess({ logger, exit, onFatal }: GuardOptions): void {
  process.on('uncaughtException', (err, origin) => {
    const connection = connectionOwner();
    if (connection) {
      logger.error({ err, origin }, 'connection failed');
      connection.destroy();
      return;
    }
    logger.fatal({ err, origin }, 'uncaught exception');
    try {
      onFatal?.(err);
    } finally {
      logger.flush();
      exit(1);
    }
  });
}

/** Closes what was opened in reverse order, once. */
export interface Lifecycle {
  /** Registers how to close the resource that was just opened. */
  onClose(name: string, close: () => Promise<void> | void): void;
  /** True until `close` is called. */
  isOpen(): boolean;
  /**
   * Closes everything; a failure to close one resource is logged and does not stop the others from
   * closing. Idempotent.
   */
  close(): Promise<void>;
}

export function createLifecycle(logger: Logger): Lifecycle {
  const closers: { name: string; close: () => Promise<void> | void }[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    for (const { name, close } of closers.reverse()) {
      try {
        await close();
      } catch (err) {
        logger.error({ err, part: name }, 'close failed');
      }
    }
  };
  return {
    onClose: (name, close) => void closers.push({ name, close }),
    isOpen: () => closing === undefined,
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}

const endSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

interface CloseOnSignalOptions {
  logger: Logger;
  clock: Clock;
  limitMs: number;
  exit: (code: number) => void;
}

/**
 * Shuts the process down on SIGTERM, SIGINT or the terminal's hang-up: exit 0 when everything is
 * closed. A second signal changes nothing; `limitMs` after the first one the process exits with 1,
 * whatever still hangs.
 */
export function closeOnSignal(
  lifecycle: Lifecycle,
  { logger, clock, limitMs, exit }: CloseOnSignalOptions,
): void {
  let ending = false;
  const end = async (signal: string) => {
    if (ending) return;
    ending = true;
    logger.info({ signal }, 'closing');
    clock.after(limitMs, () => exit(1));
    await lifecycle.close();
    logger.flush();
    exit(0);
  };
  for (const signal of endSignals) process.on(signal, () => runDetached(() => end(signal)));
}
