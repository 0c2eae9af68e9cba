import { connectionOwner } from './connection-owner.ts';
import type { Logger } from './logger.ts';

interface GuardOptions {
  logger: Logger;
  exit: (code: number) => void;
  /** Called with an error that ends the process, before it does. */
  onFatal?: (error: unknown) => void;
}

/**
 * Ends on an unexpected error the connection whose handling threw it, and that connection alone. An
 * error that no connection owns may have broken anything: it ends the process with 1, after a log
 * line. Rejections that nobody handles are errors like others.
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
