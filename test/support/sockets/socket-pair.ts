import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** `request` is what the caller sends, `response` what comes back. */
type Direction = 'request' | 'response';

/** What is wrong with a connection; of both directions unless one is named. */
export interface SocketFault {
  /**
   * Both ends of one connection are closed when just so many further bytes of one direction have
   * passed; then all is well.
   */
  cutAfter?: { direction: Direction; bytes: number };
  /** Nothing passes, and nothing closes. */
  stalled?: boolean;
  /** Pieces of so many bytes, one every so many ms. */
  slow?: { bytes: number; everyMs: number };
  /** An end that closes is not told to the other. */
  halfOpen?: boolean;
}

export interface SocketPair {
  /** Replaces the fault, for what has not passed yet. */
  setFault(fault: SocketFault): void;
  /** Closes both ends now. */
  cut(): void;
  closed: Promise<void>;
}

interface JoinOptions {
  caller: Socket;
  target: number;
  fault: SocketFault;
  /** Where `cutAfter` did it. */
  onCut: () => void;
}

/** Carries bytes between a caller's socket and the port `target`, as well as `fault` lets it. */
export function joinSockets({ caller, target, fault, onCut }: JoinOptions): SocketPair {
  const callee = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const ends = [caller, callee];
  let present = fault;
  let passed: Record<Direction, number> = { request: 0, response: 0 };
  let changed = deferred();

  // Whoever carries from or to it learns of it there.
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
    // One direction may end long before the other.
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

  /** An end that broke off breaks the other off, unless that must not learn of it. */
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

/** Resolves when the system has taken it. */
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
