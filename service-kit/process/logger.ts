import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

interface LoggerOptions {
  service: string;
  level: string;
  /** Absent: standard output, written asynchronously. */
  to?: DestinationStream;
}

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
