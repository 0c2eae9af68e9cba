import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

interface LoggerOptions {
  service: string;
  level: string;
  /** Absent: standard output, written asynchronously. */
  to?: DestinationStream;
}

/**
 * Standard output, written in batches: for a service that logs thousands of lines a second. A line
 * waits for 200 ms at most, and the exit of the process writes the rest.
 */
export const batchedOutput = (): DestinationStream =>
  destination({ fd: 1, sync: false, minLength: 8 * 1024, periodicFlush: 200 });

/** JSON lines with RFC 3339 times. Callers never log user code, output or tokens. */
export const createLogger = ({ service, level, to }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    to ?? destination({ fd: 1, sync: false }),
  );
