import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from './app-error.ts';
import { renderError } from './malformed-request.ts';

export interface ConnectionLimit {
  watch(server: Server): void;
  /** @returns true where it has answered, because the request came on a connection too many. */
  refuse(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
}

/**
 * Requests on connections beyond `max` are answered 429 and the connection is closed; connections beyond twice as many are closed
 * at once, unanswered.
 */
export function createConnectionLimit(max: number): ConnectionLimit {
  const admitted = new Set<Duplex>();
  return {
    watch(server) {
      server.maxConnections = 2 * max;
      server.on('connection', (socket) => {
        if (admitted.size >= max) return;
        admitted.add(socket);
        socket.once('close', () => admitted.delete(socket));
      });
    },
    refuse(incoming, outgoing) {
      if (admitted.has(incoming.socket)) return false;
      const error = new AppError('rate_limited', `${max} connections are open already; close one, or try again later`, {
        details: { limit: 'connections', max_connections: max },
        headers: { 'Retry-After': '1', Connection: 'close' },
      });
      const { body, headers } = renderError(error, incoming);
      outgoing.writeHead(error.status, headers).end(body);
      return true;
    },
  };
}
