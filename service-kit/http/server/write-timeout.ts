import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../http-env.ts';
import { addLogFields } from '../log-fields.ts';

/**
 * Cuts off a client that reads nothing of its response for `limitMs`, or somewhat longer: at most
 * twice as long. A client with nothing to read yet may wait.
 */
export const writeTimeout =
  (limitMs: number): MiddlewareHandler<HttpEnv> =>
  (c, next) => {
    const outgoing = c.env?.outgoing;
    // Node counts a write as activity if the peer reads any part of it.
    outgoing?.setTimeout(limitMs, () => {
      if (outgoing.writableLength === 0) return;
      addLogFields(c, { outcome: 'stalled' });
      outgoing.destroy();
    });
    return next();
  };
