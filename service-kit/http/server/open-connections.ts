import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

export interface OpenConnections {
  /**
   * From now on every response announces that it is the last of its connection: otherwise a client
   * could lose its next request when the connection closes.
   */
  startDraining(): void;
  /** Destroys all connections, including those that Node has handed over and no longer counts. */
  cut(): void;
}

/**
 * Tracks open connections and responses, and listens for their errors: an `error` without a
 * listener ends the process.
 */
export function trackConnections(server: Server): OpenConnections {
  // A response that waits for an earlier one does not learn that its connection has closed.
  const open = new Map<Duplex, Set<ServerResponse>>();
  let isClosing = false;
  server.prependListener('connection', (socket) => {
    open.set(socket, new Set());
    // `close` reports the failure too.
    socket.on('error', () => {}).once('close', () => open.delete(socket));
  });
  // Shared by all responses: a closure for each of them would cost more than what it does.
  function forget(this: ServerResponse) {
    open.get(this.req.socket)?.delete(this);
  }
  function destroy(this: ServerResponse) {
    this.destroy();
  }
  server.prependListener('request', ({ socket }, outgoing) => {
    // Node still parses data that arrived together with whatever ended the connection.
    if (socket.destroyed) return;
    open.get(socket)?.add(outgoing);
    outgoing.on('error', destroy).on('close', forget);
    if (isClosing) outgoing.shouldKeepAlive = false;
  });
  return {
    startDraining() {
      isClosing = true;
      for (const responses of open.values())
        for (const outgoing of responses) outgoing.shouldKeepAlive = false;
    },
    cut() {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}
