import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Clock } from '../../process/clock.ts';
import { hasBody } from '../body/read-body.ts';

/** Once nothing has arrived for this long, closing the connection loses nothing. */
const quietMs = 1_000;

/**
 * Reads and discards the rest of a body after the response was sent: a connection that is closed
 * with unread bytes is reset, and its client may lose the response. An idle connection is closed,
 * and so is one that still sends after `limitMs`, which gave its client time to read the response.
 */
export function drainRequestBodies(server: Server, clock: Clock, limitMs: number): void {
  function onFinish(this: ServerResponse) {
    drain(this.req, clock, limitMs);
  }
  server.on('request', (incoming, outgoing) => {
    if (!hasBody(incoming)) return;
    endBeforeClosing(incoming);
    outgoing.on('finish', onFinish);
  });
}

function drain(incoming: IncomingMessage, clock: Clock, limitMs: number): void {
  if (incoming.readableEnded || incoming.destroyed) return;
  const { socket } = incoming;
  const stopLimit = clock.after(limitMs, () => close(socket));
  let stopQuiet = () => {};
  const closeWhenQuiet = () => {
    // Node discards a body that nobody has begun to read, without an event for its data.
    const before = socket.bytesRead;
    const closeIfQuiet = () => {
      if (incoming.readableEnded || incoming.destroyed) return;
      if (socket.bytesRead === before) close(socket);
      else closeWhenQuiet();
    };
    // Data that arrived while this process was busy is read before the connection counts as
    // quiet.
    stopQuiet = clock.after(quietMs, () => setImmediate(closeIfQuiet));
  };
  closeWhenQuiet();
  const stop = () => {
    stopLimit();
    stopQuiet();
    if (socket.writableEnded) close(socket);
  };
  // `close` does not always follow `end`, and may occur without it.
  incoming.once('end', stop).once('close', stop);
  // The earlier reader has stopped, and must not block the stream.
  incoming
    .removeAllListeners('data')
    .on('pause', () => incoming.resume())
    .resume();
}

const close = (socket: Socket): void => Socket.prototype.destroySoon.call(socket);

/**
 * Node closes a connection without keep-alive as soon as the response is sent: this makes it wait
 * for the rest of the body.
 */
function endBeforeClosing(incoming: IncomingMessage): void {
  const { socket } = incoming;
  socket.destroySoon = () => {
    if (incoming.complete) close(socket);
    else socket.end();
  };
}
