import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Clock } from '@steppe/service-kit/process/clock';

const lookEveryMs = 500;

/**
 * Calls `act` once the terminal that started this process is gone. The system signals that only to
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
 * When it exits, Node restores the terminals that it finds under these numbers, and aborts if one
 * is gone.
 */
function replaceByNull(fd: number): void {
  closeSync(fd);
  openSync('/dev/null', 'r+');
}
