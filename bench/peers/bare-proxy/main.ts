import type { HttpBindings } from '@hono/node-server';
import { createAdaptorServer } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { Agent } from 'undici';
import { forward } from './forward.ts';
import { createRouteReader } from './route-reader.ts';

// The least that a proxy of this stack does: Hono routes, undici dispatches, the response goes into
// Node's own. It identifies no caller, limits nothing, logs nothing and counts nothing.

/** Either every session has one upstream, or each is read from the table once. */
const [upstream = '', table] = process.argv.slice(2);
const routeOf = table === undefined ? () => upstream : createRouteReader(table);
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

const app = new Hono<{ Bindings: HttpBindings }>();
app.all('/v1/sessions/:session_id/*', async (c) => {
  const origin = await routeOf(c.req.param('session_id'));
  forward(dispatcher, origin, c.env.incoming, c.env.outgoing);
  return RESPONSE_ALREADY_SENT;
});

// As many connections at once as ours completes.
const server = createAdaptorServer({ fetch: app.fetch }).listen(0, '127.0.0.1', 4096, () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.stdout.write(`${address.port}\n`);
});
