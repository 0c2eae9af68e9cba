import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The requests of one connection. */
interface Queue {
  /** The response to the latest request, until it closes. */
  last: ServerResponse | undefined;
  waiting: number;
  /** The bytes of the bodies of waiting requests. */
  bodyBytes: number;
}

const mostWaiting = 16;
const mostBodyBytes = 64 * 1024;

/**
 * Begins a request when the previous one on its connection has its response, and not at all if the
 * connection has closed or is closing by then: the response of a queued request has no socket yet,
 * so it would never report that its client has left.
 *
 * The socket is read all the time, because that is the only way to notice that a client leaves. The
 * queue is therefore bounded: the connection is closed if more than 16 requests wait, or more than
 * 64 KiB of their bodies.
 */
export function serializePipelining(next: RequestListener): RequestListener {
  const queues = new WeakMap<Duplex, Queue>();
  const queueOf = (socket: Duplex): Queue => {
    const known = queues.get(socket);
    const queue = known ?? { last: undefined, waiting: 0, bodyBytes: 0 };
    if (!known) queues.set(socket, queue);
    return queue;
  };
  // Shared by all responses, as a closure for each of them would cost more than what it does.
  function forget(this: ServerResponse) {
    const queue = queueOf(this.req.socket);
    if (queue.last === this) queue.last = undefined;
  }
  return (incoming, outgoing) => {
    const { socket } = incoming;
    // Node parses the rest of a piece even if a request in it has ended the connection.
    if (socket.destroyed) return;
    const queue = queueOf(socket);
    const before = queue.last;
    if (before && queue.waiting === mostWaiting) return void socket.destroy();
    queue.last = outgoing.on('close', forget);
    if (!before) return next(incoming, outgoing);
    queue.waiting += 1;
    const letGo = keepBody(incoming, queue);
    before.once('close', () => {
      queue.waiting -= 1;
      queue.bodyBytes -= letGo();
      if (socket.writable) next(incoming, outgoing);
    });
  };
}

/**
 * Buffers the body of a waiting request. Otherwise Node would stop reading the socket at the unread
 * body.
 * @returns a function that stops the buffering and returns the number of bytes so far.
 */
function keepBody(incoming: IncomingMessage, queue: Queue): () => number {
  let bytes = 0;
  const { push } = incoming;
  // An own property hides the method of the class, which reappears when the property is deleted.
  incoming.push = (chunk: Buffer | null) => {
    bytes += chunk?.length ?? 0;
    queue.bodyBytes += chunk?.length ?? 0;
    push.call(incoming, chunk);
    if (queue.bodyBytes > mostBodyBytes) incoming.socket.destroy();
    return true;
  };
  return () => {
    Reflect.deleteProperty(incoming, 'push');
    return bytes;
  };
}
