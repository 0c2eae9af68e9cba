import { Agent, type buildConnector } from 'undici';

/** After so long an idle connection is closed; an agent closes it after 65 s. */
export const idleConnectionMs = 60_000;

interface DispatcherOptions {
  connectTimeoutMs: number;
  /** Opens the connections; undefined: undici's own, over TCP. */
  connect: buildConnector.connector | undefined;
}

/**
 * One pool of kept connections for each origin. A pool's connections have no limit: requests would
 * queue behind streams, and the other side limits what it accepts. Responses have no time limit
 * here: idle-timer.ts enforces an idle timeout.
 */
export const createDispatcher = ({ connectTimeoutMs, connect }: DispatcherOptions): Agent =>
  new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: connect ?? { timeout: connectTimeoutMs },
    keepAliveMaxTimeout: idleConnectionMs,
  });
