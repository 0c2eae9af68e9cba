import type { Network } from '@steppe/service-kit/http/network';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { buildConnector } from 'undici';

/** For one attempt: an address that is not routed yet may take no notice of a connection. */
const attemptMs = 1_000;
const pauseMs = 25;

interface ConnectionOptions {
  network: Network;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Resolves when the address accepts a connection. A new service is routed within about a second.
 * @throws the signal's reason if it aborts first.
 */
export async function awaitConnection(
  address: string,
  { network, clock, signal }: ConnectionOptions,
): Promise<void> {
  const connect = network.createConnector(attemptMs);
  for (;;) {
    signal.throwIfAborted();
    if (await accepts(new URL(address), connect)) return;
    await clock.sleep(pauseMs, signal);
  }
}

function accepts(url: URL, connect: buildConnector.connector): Promise<boolean> {
  const { protocol, host, port } = url;
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    connect({ protocol, host, hostname, port }, (error, socket) => {
      socket?.destroy();
      resolve(!error);
    });
  });
}
