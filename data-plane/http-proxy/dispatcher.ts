import { Agent, type buildConnector } from 'undici';

/** Idle connections are closed after this long; an agent closes them after 65 s. */
export const idleConnectionMs = 60_000;

interface DispatcherOptions {
  connectTimeoutMs: number;
  /** Opens the connections; undefined means undici's own connector, over TCP. */
  connect: buildConnector.connector | undefined;
}

/**
 * Keeps one pool of connections for each origin. A pool has no limit: requests would queue behind
 * streams, and the other side limits what it accepts. Responses have no time limit here:
 * idle-timer.ts enforces an idle timeout.
 */
export const createDispatcher = ({ connectTimeoutMs, connect }: DispatcherOptions): Agent =>
  new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: connect ?? { timeout: connectTimeoutMs },
    keepAliveMaxTimeout: idleConnectionMs,
  });
