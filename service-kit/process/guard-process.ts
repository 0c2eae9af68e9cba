import { connectionOwner } from './connection-owner.ts';
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
