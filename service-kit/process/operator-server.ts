import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ids } from '@steppe/contracts/ids';
import type { Registry } from 'prom-client';
import { type HttpServer, listen } from '../http/server/http-server.ts';
import type { ServerNetwork } from '../http/server-network.ts';
import type { Clock } from './clock.ts';

interface OperatorOptions {
  host: string;
  port: number;
  /** Absent: no `/metrics`. */
  registry?: Registry;
  network: ServerNetwork;
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
  const app = async ({ url }: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    switch (url?.split('?', 1)[0]) {
      case '/livez':
        return send(outgoing, 200, 'ok\n');
      case '/readyz':
        return isReady() ? send(outgoing, 200, 'ok\n') : send(outgoing, 503, 'not ready\n');
      case '/metrics':
        if (registry) return send(outgoing, 200, await registry.metrics(), registry.contentType);
    }
    send(outgoing, 404, 'not found\n');
  };
  return listen({ app, host, port, ...parts });
}

function send(
  outgoing: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=UTF-8',
): void {
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(text) };
  outgoing.writeHead(status, headers).end(text);
}
