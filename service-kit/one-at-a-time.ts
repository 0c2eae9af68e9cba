import type { RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Begins a request when the one before it on its connection has been answered, and not at all where the connection is gone or
 * closing by then: the response of a request in the queue has no socket yet, and so would never tell that its client has left.
 */
export function takeOneAtATime(next: RequestListener): RequestListener {
  const open = new WeakMap<Duplex, ServerResponse>();
  return (incoming, outgoing) => {
    const { socket } = incoming;
    const before = open.get(socket);
    open.set(socket, outgoing);
    outgoing.once('close', () => open.get(socket) === outgoing && open.delete(socket));
    if (!before) return next(incoming, outgoing);
    before.once('close', () => socket.writable && next(incoming, outgoing));
  };
}
