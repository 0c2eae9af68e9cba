import type { Ids } from '@steppe/contracts/ids';
import { Hono } from 'hono';
import type { Registry } from 'prom-client';
import type { HttpEnv } from '../http/http-env.ts';
import type { Network } from '../http/network.ts';
import { type HttpServer, listen } from '../http/server/http-server.ts';
import type { Clock } from './clock.ts';

interface OperatorOptions {
  host: string;
  port: number;
  /** Absent: no `/metrics`. */
  registry?: Registry;
  network: Network;
  clock: Clock;
  ids: Ids;
  /** False until the service can work, and from the beginning of its shutdown. */
  isReady: () => boolean;
}

/** Serves `/livez`, `/readyz` and `/metrics` without a token, on a port that callers of the API never reach. */
export function listenForOperator({
  host,
  port,
  registry,
  isReady,
  ...parts
}: OperatorOptions): Promise<HttpServer> {
  const app = new Hono<HttpEnv>();
  app.get('/livez', (c) => c.text('ok\n'));
  app.get('/readyz', (c) => (isReady() ? c.text('ok\n') : c.text('not ready\n', 503)));
  if (registry)
    app.get('/metrics', async (c) =>
      c.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
    );
  return listen({ app, host, port, ...parts });
}
