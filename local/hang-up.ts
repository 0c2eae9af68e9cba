import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

const lookEveryMs = 500;

/**
 * Calls `act` once the terminal that we were started from is gone. The system tells that to the
 * terminal's first process alone, which may be a `make` that waits for us.
 */
export function onHangUp(act: () => void): void {
  const streams = [0, 1, 2].filter(isatty);
  if (streams.length === 0) return;
  const look = () => {
    if (streams.every(isatty)) return;
    clearInterval(looking);
    process.off('SIGHUP', look);
    for (const fd of streams) letGo(fd);
    act();
  };
  const looking = setInterval(look, lookEveryMs).unref();
  process.on('SIGHUP', look);
}

/**
 * At its end Node restores the terminals that it still finds under these numbers, and aborts where
 * one is gone.
 */
function letGo(fd: number): void {
  closeSync(fd);
  openSync('/dev/null', 'r+');
}
