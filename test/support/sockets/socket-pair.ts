import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** `request` goes from the caller to the target, `response` back. */
type Direction = 'request' | 'response';

/** A fault of a connection, in both directions unless it names one. */
export interface SocketFault {
  /**
   * Closes both ends of one connection after exactly this many further bytes in one direction; the
   * fault then ends.
   */
  cutAfter?: { direction: Direction; bytes: number };
  /** No bytes pass, and no close passes. */
  stalled?: boolean;
  /** Passes pieces of `bytes` bytes, one every `everyMs`. */
  slow?: { bytes: number; everyMs: number };
  /** The close of one end does not reach the other. */
  halfOpen?: boolean;
}

export interface SocketPair {
  /** Replaces the fault for the bytes that have not passed yet. */
  setFault(fault: SocketFault): void;
  /** Closes both ends now. */
  cut(): void;
  closed: Promise<void>;
}

interface JoinOptions {
  caller: Socket;
  target: number;
  fault: SocketFault;
  /** Called if `cutAfter` closed the connection. */
  onCut: () => void;
}

/** Forwards bytes between a caller's socket and the port `target`, subject to `fault`. */
export function joinSockets({ caller, target, fault, onCut }: JoinOptions): SocketPair {
  const callee = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const ends = [caller, callee];
  let present = fault;
  let passed: Record<Direction, number> = { request: 0, response: 0 };
  let changed = deferred();

  // `carry` gets the error when it reads or writes.
  for (const end of ends) end.on('error', () => {});
  const cut = () => {
    for (const end of ends) end.destroy();
  };
  const closed = Promise.all(
    ends.map((end) =>
      end.closed ? undefined : new Promise((resolve) => end.once('close', resolve)),
    ),
  );

  async function carry(from: Socket, to: Socket, direction: Direction): Promise<void> {
    // By default the iterator would destroy the socket, but one direction may end before the other.
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      for (let rest = chunk; rest.length > 0; ) {
        while (present.stalled) await changed.promise;
        const piece = rest.subarray(0, pieceLength(direction));
        rest = rest.subarray(piece.length);
        if (piece.length > 0) await write(to, piece);
        passed[direction] += piece.length;
        if (
          present.cutAfter?.direction === direction &&
          passed[direction] >= present.cutAfter.bytes
        ) {
          cut();
          return onCut();
        }
        if (present.slow) await delay(present.slow.everyMs);
      }
    }
    while (present.stalled) await changed.promise;
    if (!present.halfOpen) to.end();
  }

  function pieceLength(direction: Direction): number {
    const { cutAfter, slow } = present;
    const untilCut =
      cutAfter?.direction === direction
        ? Math.max(0, cutAfter.bytes - passed[direction])
        : Infinity;
    return Math.min(untilCut, slow?.bytes ?? Infinity);
  }

  /** A broken connection breaks the other one too, unless the fault hides that from it. */
  const onBroken = (other: Socket) => {
    if (!present.halfOpen) other.destroy();
  };
  carry(caller, callee, 'request').catch(() => onBroken(callee));
  carry(callee, caller, 'response').catch(() => onBroken(caller));
  return {
    setFault(next) {
      present = next;
      passed = { request: 0, response: 0 };
      changed.resolve();
      changed = deferred();
    },
    cut,
    closed: closed.then(() => {}),
  };
}

/** Resolves when the system has accepted the piece. */
const write = (to: Socket, piece: Buffer): Promise<void> =>
  new Promise(
    (resolve, reject) => void to.write(piece, (error) => (error ? reject(error) : resolve())),
  );

function deferred() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
