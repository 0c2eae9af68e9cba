import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Clock } from '@steppe/service-kit/process/clock';

const lookEveryMs = 500;

/**
 * Calls `act` when the terminal that started this process closes. The system sends SIGHUP only to
 * the terminal's first process, which may be a `make` that waits for this one.
 */
export function onHangUp(clock: Clock, act: () => void): void {
  const streams = [0, 1, 2].filter(isatty);
  if (streams.length === 0) return;
  const look = () => {
    if (streams.every(isatty)) return;
    stopLooking();
    process.off('SIGHUP', look);
    for (const fd of streams) replaceByNull(fd);
    act();
  };
  const stopLooking = clock.every(lookEveryMs, look);
  process.on('SIGHUP', look);
}

/**
 * At its exit Node restores the terminals that were open under these numbers, and aborts if one no
 * longer exists.
 */
function replaceByNull(fd: number): void {
  closeSync(fd);
  openSync('/dev/null', 'r+');
}
