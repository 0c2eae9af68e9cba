import type { Server } from 'node:http';

/**
 * Reads what still comes of a body after its request was answered, and throws it away: a connection that is closed with bytes
 * unread is reset, and its client may lose the answer. One that sends on for `limitMs` has had time to read it, and is cut off.
 */
export function discardUnreadBodies(server: Server, limitMs: number): void {
  server.on('request', (incoming, outgoing) => {
    outgoing.once('finish', () => {
      if (incoming.readableEnded || incoming.destroyed) return;
      const cut = setTimeout(() => incoming.socket.destroy(), limitMs);
      incoming.once('close', () => clearTimeout(cut));
      // Whoever began to read it has stopped, and would only hold it back.
      incoming.removeAllListeners('data').resume();
    });
  });
}
