import { connect } from 'node:net';
import type { Clock } from '@steppe/service-kit/process/clock';

/** For one attempt: an address that is not routed yet may take no notice of a connection. */
const attemptMs = 1_000;
const pauseMs = 25;

interface ConnectionOptions {
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Resolves when the address accepts a connection. A new service is routed within about a second.
 * @throws the signal's reason if it aborts first.
 */
export async function awaitConnection(
  address: string,
  { clock, signal }: ConnectionOptions,
): Promise<void> {
  const { hostname, port } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, '');
  for (;;) {
    signal.throwIfAborted();
    if (await accepts(host, Number(port), clock)) return;
    await clock.sleep(pauseMs, signal);
  }
}

function accepts(host: string, port: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (isAccepted: boolean) => {
      stopTimer();
      socket.destroy();
      resolve(isAccepted);
    };
    const stopTimer = clock.after(attemptMs, () => settle(false));
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
