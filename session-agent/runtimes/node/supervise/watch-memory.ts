import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { fatalReportPath } from '../run/fatal-report.ts';
import type { ContainerMemory, MemoryUsage } from './container-memory.ts';

/** The share of a limit at which the worker is killed. */
export const fullAt = 0.95;
/** A reading that differs by less, as a share of the limit, from the last one is not passed on. */
const readingStep = 0.01;
const lookEveryMs = 250;

/**
 * Watches one worker's memory from before its start. It calls `onFull` when the container's memory
 * is nearly full, so that the container survives, or when the worker and its children use nearly
 * all memory of their session.
 * @returns a function that ends the watch and explains the worker's exit.
 */
export function watchMemory(watched: Watched): EndOfWatch {
  const { memory, sessionUsage, runDir, epoch, onReading, onFull } = watched;
  const killsBefore = memory.oomKills();
  let full = '';
  let passedOnBytes = Number.NEGATIVE_INFINITY;
  const passOn = (reading: MemoryUsage) => {
    if (Math.abs(reading.usedBytes - passedOnBytes) < reading.limitBytes * readingStep) return;
    passedOnBytes = reading.usedBytes;
    onReading(reading);
  };
  const timer = setInterval(() => {
    const container = memory.usage();
    if (container) passOn(container);
    if (full !== '') return;
    const usage = [container, sessionUsage()].find(
      (one) => one !== null && one.usedBytes >= one.limitBytes * fullAt,
    );
    if (!usage) return;
    full = `Memory was nearly full: ${inMiB(usage.usedBytes)} of ${inMiB(usage.limitBytes)} MiB were in use.`;
    onFull();
  }, lookEveryMs);

  return (signal, wasRequested) => {
    clearInterval(timer);
    const event = takeFatalReport(fatalReportPath(runDir, epoch));
    if (full !== '') return { reason: 'memory', detail: full };
    if (/out of memory|allocation failed/i.test(event)) return { reason: 'memory', detail: event };
    if (signal === 'SIGTRAP') return { reason: 'memory', detail: trapped };
    if (signal === 'SIGKILL' && !wasRequested && memory.oomKills() > killsBefore) {
      return { reason: 'memory', detail: "The kernel's out-of-memory killer ended it." };
    }
    return { reason: null, detail: event };
  };
}

type Watched = {
  memory: ContainerMemory;
  /** The usage of the worker and its children; null if the session has no limit. */
  sessionUsage: () => MemoryUsage | null;
  runDir: string;
  epoch: number;
  /** Gets the container's memory, when it has changed. */
  onReading: (reading: MemoryUsage) => void;
  onFull: () => void;
};

/** V8 writes no report of it. */
const trapped = 'V8 ended it, usually because a collection grew beyond its largest size.';

/** @param wasRequested the supervisor sent the signal. */
export type EndOfWatch = (
  signal: NodeJS.Signals | null,
  wasRequested: boolean,
) => {
  reason: 'memory' | null;
  detail: string;
};

/** A report of Node takes about 50 KiB, and more with many native libraries. */
const maxReportBytes = 4 * 1024 * 1024;

/** The event that Node's report names; empty without a report. */
function takeFatalReport(path: string): string {
  try {
    const text = readUntrustedFile(path, maxReportBytes);
    rmSync(path, { force: true });
    const event: unknown = JSON.parse(text).header.event;
    return typeof event === 'string' ? event.slice(0, 1000) : '';
  } catch {
    return '';
  }
}

function inMiB(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

/**
 * Reads a file that user code can replace. It never blocks, as opening a FIFO would, and follows no
 * link.
 * @throws if it is not a regular file, or holds more than `maxBytes`; the system's error if it
 * cannot be read.
 */
export function readUntrustedFile(path: string, maxBytes: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > maxBytes)
      throw new Error(`${path} is not a regular file of at most ${maxBytes} bytes`);
    const bytes = Buffer.alloc(stats.size);
    let size = 0;
    for (let read = -1; read !== 0; size += read) {
      read = readSync(fd, bytes, size, bytes.length - size, null);
    }
    return bytes.toString('utf8', 0, size);
  } finally {
    closeSync(fd);
  }
}
