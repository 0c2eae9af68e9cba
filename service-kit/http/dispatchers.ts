import { Agent } from 'undici';
import type { Network } from './network.ts';

/** The data-plane closes idle connections after this long; an agent closes them after 65 s. */
export const idleConnectionMs = 60_000;

interface ProxyOptions {
  network: Network;
  connectTimeoutMs: number;
}

/**
 * The connections of a proxy: one pool for each origin. A pool has no limit: requests would queue
 * behind streams, and the other side limits what it accepts. Responses have no time limit here: the
 * proxy enforces an idle timeout.
 */
export const createProxyDispatcher = ({ network, connectTimeoutMs }: ProxyOptions): Agent =>
  new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: network.createConnector(connectTimeoutMs),
    keepAliveMaxTimeout: idleConnectionMs,
  });

interface ClientOptions {
  network: Network;
  connectTimeoutMs: number;
  maxResponseBytes: number;
}

/** The connections of a client that makes short calls, now and then, and reads small responses. */
export const createClientDispatcher = (options: ClientOptions): Agent =>
  new Agent({
    connect: options.network.createConnector(options.connectTimeoutMs),
    keepAliveTimeout: 4_000,
    maxResponseSize: options.maxResponseBytes,
  });
