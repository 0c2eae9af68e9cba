import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';
import type { Clock } from '../../process/clock.ts';
import { hasBody } from '../body/has-body.ts';

/** With nothing on its way there is nothing to lose. */
const quietMs = 1_000;

/**
 * Reads what still comes of a body after the response was sent, and throws it away: a connection
 * that is closed with bytes unread is reset, and its client may lose the response. One that goes
 * idle is closed, and so is one that sends on for `limitMs`, in which its client had time to read.
 */
export function drainRequestBodies(server: Server, clock: Clock, limitMs: number): void {
  server.on('request', (incoming, outgoing) => {
    if (!hasBody(incoming)) return;
    endBeforeClosing(incoming);
    outgoing.once('finish', () => {
      if (incoming.readableEnded || incoming.destroyed) return;
      const { socket } = incoming;
      const closeAfter = (ms: number) => clock.after(ms, () => close(socket));
      const stopLimit = closeAfter(limitMs);
      let stopQuiet = closeAfter(quietMs);
      const onData = () => {
        stopQuiet();
        stopQuiet = closeAfter(quietMs);
      };
      const stop = () => {
        stopLimit();
        stopQuiet();
        if (socket.writableEnded) close(socket);
      };
      // After its end it is not always closed, and without one it is.
      incoming.once('end', stop).once('close', stop);
      // Whoever began to read it has stopped, and may not hold it back.
      incoming.removeAllListeners('data').on('data', onData);
      incoming.on('pause', () => incoming.resume()).resume();
    });
  });
}

const close = (socket: Socket): void => Socket.prototype.destroySoon.call(socket);

/**
 * Node closes a connection that is not to be kept as soon as the response is out: it has to wait
 * for the rest of the body.
 */
function endBeforeClosing(incoming: IncomingMessage): void {
  const { socket } = incoming;
  socket.destroySoon = () => {
    if (incoming.complete) close(socket);
    else socket.end();
  };
}
