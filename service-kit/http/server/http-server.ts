import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '../../process/clock.ts';
import { ownConnections } from '../../process/connection-owner.ts';
import type { ServerNetwork } from '../server-network.ts';
import { createConnectionLimit } from './connection-limit.ts';
import { drainRequestBodies } from './drain-request-body.ts';
import { rejectMalformedRequests } from './malformed-request.ts';
import { type OpenConnections, trackConnections } from './open-connections.ts';
import { serializePipelining } from './serialize-pipelining.ts';
import { guardAgainstSmuggling } from './smuggling-guard.ts';

interface ListenOptions {
  app: RequestListener;
  host: string;
  /** 0 chooses a free one. */
  port: number;
  network: ServerNetwork;
  clock: Clock;
  ids: Ids;
  keepAliveTimeoutMs?: number;
  maxHeaderBytes?: number;
  /**
   * Requests on connections beyond this number are refused; connections beyond twice as many are
   * not accepted.
   */
  maxConnections?: number;
  /** Selects requests that are accepted on excess connections anyway. */
  isReserved?: (incoming: IncomingMessage) => boolean;
  /**
   * A connection without traffic is closed after this long; unset: never, except between two
   * requests.
   */
  inactivityMs?: number;
}

export interface HttpServer {
  port: number;
  /** Accepts no new connections, lets running requests finish for `limitMs`, then cuts them off. */
  close(limitMs: number): Promise<void>;
}

/** A connection between two requests is closed after this long. */
export const idleConnectionMs = 65_000;
/** A client that has not sent its headers after this long is refused. */
export const headersLimitMs = 10_000;
/** The time after the response for a client that reads it late. */
export const unreadBodyLimitMs = 10_000;
const sweepMs = 50;
/**
 * Connections that the system completes before we accept them. Beyond Node's 511, the callers that
 * reconnect at once after a restart would each wait seconds for a retransmission. The system has a
 * limit of its own, net.core.somaxconn.
 */
const backlog = 4096;

/** @throws the system's error, with its `code`, if it cannot listen on the address. */
export async function listen({ app, host, port, ...limits }: ListenOptions): Promise<HttpServer> {
  const {
    keepAliveTimeoutMs = idleConnectionMs,
    maxHeaderBytes = 16 * 1024,
    network,
    clock,
    ids,
    maxConnections: max,
    isReserved,
    inactivityMs = 0,
  } = limits;
  const options = {
    // A file of gigabytes may take long; a client that sends its headers slowly may not.
    requestTimeout: 0,
    headersTimeout: headersLimitMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: maxHeaderBytes,
    // The system notices a peer that vanished silently, even while nothing is sent.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // We refuse it with our own message instead of Node's.
    requireHostHeader: false,
  };
  const connectionLimit =
    max === undefined ? undefined : createConnectionLimit({ max, isReserved, ids });
  const admit = guardAgainstSmuggling(ids, app);
  const server = network.createServer(
    options,
    serializePipelining((incoming, outgoing) => {
      if (!connectionLimit?.refuse(incoming, outgoing)) admit(incoming, outgoing);
    }),
  );
  ownConnections(server);
  // Node would drop further headers silently; header-limits.ts refuses them.
  server.maxHeadersCount = 0;
  server.setTimeout(inactivityMs);
  connectionLimit?.watch(server);
  rejectMalformedRequests(server, maxHeaderBytes, ids);
  drainRequestBodies(server, clock, unreadBodyLimitMs);
  const connections = trackConnections(server);
  server.listen(port, host, backlog);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const close = (limitMs: number) => {
    connections.startDraining();
    return closeServer(server, connections, clock, limitMs);
  };
  return { port: address.port, close };
}

async function closeServer(
  server: Server,
  connections: OpenConnections,
  clock: Clock,
  limitMs: number,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // A response that ends now leaves an idle connection, which nothing else would close before its
  // keep-alive ends.
  const stopSweep = clock.every(sweepMs, () => server.closeIdleConnections());
  const stopCut = clock.after(limitMs, () => connections.cut());
  await closed;
  stopSweep();
  stopCut();
}
