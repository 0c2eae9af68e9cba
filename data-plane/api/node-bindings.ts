import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Context } from 'hono';

/** Node's own request and response of a call, which the proxies read and write. */
export function nodeBindings(c: Context<HttpEnv>): {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
} {
  const { incoming, outgoing } = c.env;
  if (!incoming || !outgoing)
    throw new Error('the data-plane needs a server; app.request is not supported');
  return { incoming, outgoing };
}
