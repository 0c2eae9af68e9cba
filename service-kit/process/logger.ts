import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Clock } from './clock.ts';

export type { Logger };

interface LoggerOptions {
  service: string;
  level: string;
  /** Absent: standard output, written asynchronously. */
  to?: DestinationStream;
}

const batchCharacters = 8 * 1024;
const longestWaitMs = 200;

/**
 * Standard output, written in batches: for a service that logs thousands of lines a second. A line
 * waits for 200 ms at most, and the exit of the process writes the rest.
 */
export function batchedOutput(clock: Clock): DestinationStream & { flush(): void } {
  const output = destination({ fd: 1, sync: false, minLength: batchCharacters });
  // Collected here: the destination would copy its whole batch for each line, to measure it.
  let lines = '';
  const handOver = () => {
    if (lines === '') return;
    output.write(lines);
    lines = '';
  };
  const flush = () => {
    handOver();
    output.flush();
  };
  clock.every(longestWaitMs, flush);
  process.on('exit', () => {
    handOver();
    output.flushSync();
  });
  const write = (line: string) => {
    lines += line;
    if (lines.length >= batchCharacters) handOver();
  };
  return { write, flush };
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
