import { Agent, type buildConnector } from 'undici';

/** The data-plane closes idle connections after this long; an agent closes them after 65 s. */
export const idleConnectionMs = 60_000;

interface ProxyOptions {
  connectTimeoutMs: number;
  /** Opens the connections; undefined means undici's own connector, over TCP. */
  connect: buildConnector.connector | undefined;
}

/**
 * The connections of a proxy: one pool for each origin. A pool has no limit: requests would queue
 * behind streams, and the other side limits what it accepts. Responses have no time limit here: the
 * proxy enforces an idle timeout.
 */
export const createProxyDispatcher = ({ connectTimeoutMs, connect }: ProxyOptions): Agent =>
  new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: connect ?? { timeout: connectTimeoutMs },
    keepAliveMaxTimeout: idleConnectionMs,
  });

interface ClientOptions {
  connectTimeoutMs: number;
  maxResponseBytes: number;
}

/** The connections of a client that makes short calls, now and then, and reads small responses. */
export const createClientDispatcher = (options: ClientOptions): Agent =>
  new Agent({
    connect: { timeout: options.connectTimeoutMs },
    keepAliveTimeout: 4_000,
    maxResponseSize: options.maxResponseBytes,
  });
