import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

export interface OpenConnections {
  /**
   * Every response from now on says that it is the last of its connection: a client that believed
   * otherwise would lose its next request to the close.
   */
  startDraining(): void;
  /** Ends them all, also those that Node has handed over and no longer counts. */
  cut(): void;
}

/**
 * Keeps what is open, and listens for the errors of it all: an `error` without a listener ends the
 * process.
 */
export function trackConnections(server: Server): OpenConnections {
  // A response that waits for the one before it is not told of the end of its connection.
  const open = new Map<Duplex, Set<ServerResponse>>();
  let isClosing = false;
  server.prependListener('connection', (socket) => {
    open.set(socket, new Set());
    // That it is closed is told too.
    socket.on('error', () => {}).once('close', () => open.delete(socket));
  });
  server.prependListener('request', ({ socket }, outgoing) => {
    // What came in one piece with what ended a connection is parsed still.
    if (socket.destroyed) return;
    const responses = open.get(socket);
    responses?.add(outgoing);
    outgoing.on('error', () => outgoing.destroy()).once('close', () => responses?.delete(outgoing));
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
