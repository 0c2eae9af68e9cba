import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Queue {
  /** Of the request that came last. */
  last: ServerResponse;
  waiting: number;
  /** Of the bodies of those that wait. */
  bodyBytes: number;
}

const mostWaiting = 16;
const mostBodyBytes = 64 * 1024;

/**
 * Begins a request when the one before it on its connection has its response, and not at all where
 * the connection is gone or closing by then: the response of a request in the queue has no socket
 * yet, and so would never tell that its client has left.
 *
 * The socket is read all the while, for a client that leaves is noticed in no other way. So what
 * waits is bounded: the connection ends where more than 16 requests wait, or more than 64 KiB of
 * their bodies.
 */
export function serializePipelining(next: RequestListener): RequestListener {
  const queues = new WeakMap<Duplex, Queue>();
  return (incoming, outgoing) => {
    const { socket } = incoming;
    // Node parses the rest of a piece also where a request in it has ended the connection.
    if (socket.destroyed) return;
    const queue = queues.get(socket);
    outgoing.once('close', () => queues.get(socket)?.last === outgoing && queues.delete(socket));
    if (!queue) {
      queues.set(socket, { last: outgoing, waiting: 0, bodyBytes: 0 });
      return next(incoming, outgoing);
    }
    if (queue.waiting === mostWaiting) return void socket.destroy();
    const before = queue.last;
    queue.last = outgoing;
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
 * Takes the body of a request that waits. Node would stop reading the socket at a body that nobody
 * reads.
 * @returns what hands it over, and says how many bytes it is so far.
 */
function keepBody(incoming: IncomingMessage, queue: Queue): () => number {
  let bytes = 0;
  const { push } = incoming;
  // An own method hides that of the class, which is there again without it.
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
