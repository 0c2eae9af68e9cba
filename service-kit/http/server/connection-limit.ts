import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ids } from '@steppe/contracts/ids';
import { AppError } from '../app-error.ts';
import { renderError } from './malformed-request.ts';

export interface ConnectionLimit {
  watch(server: Server): void;
  /** @returns true if it responded because the request arrived on an excess connection. */
  refuse(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
}

interface ConnectionLimitOptions {
  max: number;
  ids: Ids;
  /**
   * Selects the requests that the connections beyond `max` are reserved for: short ones that end
   * the work that occupies the other connections.
   */
  isReserved?: ((incoming: IncomingMessage) => boolean) | undefined;
}

/**
 * Requests on connections beyond `max` get 429, unless they are reserved, and their connection is
 * closed after the response. Connections beyond twice `max` are closed at once, without a response.
 */
export function createConnectionLimit({
  max,
  ids,
  isReserved = () => false,
}: ConnectionLimitOptions): ConnectionLimit {
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
      if (isReserved(incoming)) {
        // A connection that is kept alive would refuse its next request even after others have
        // closed.
        outgoing.shouldKeepAlive = false;
        return false;
      }
      const error = new AppError(
        'rate_limited',
        `${max} connections are open already; close one, or try again later`,
        {
          details: { limit: 'connections', max_connections: max },
          headers: { 'Retry-After': '1', Connection: 'close' },
        },
      );
      const { body, headers } = renderError(error, ids, incoming);
      outgoing.writeHead(error.status, headers).end(body);
      return true;
    },
  };
}
