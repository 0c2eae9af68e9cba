import { Agent } from 'undici';

/**
 * One pool of kept connections for each origin. No bound on a pool's connections: requests would
 * queue behind streams, and the other side bounds what it takes. No time limits on responses:
 * idle-timer.ts enforces an idle timeout.
 */
export const createUpstream = (connectTimeoutMs: number): Agent =>
  new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
    // Below the 65 s after which an agent closes an idle connection.
    keepAliveMaxTimeout: 60_000,
  });
