import { closeSync, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { MarkerScanner, type Place } from './marker-scanner.ts';

export interface RawStreamSink {
  bytes(place: Place, bytes: Buffer): void;
}

/**
 * The agent's end of a FIFO that is a worker's fd 1 or 2. It never stops reading, so no reader of a
 * step's output can block the worker.
 */
export class RawStream {
  readonly #path: string;
  readonly #scanner: MarkerScanner;
  readonly #socket: Socket;
  #writeEnd: number | undefined;
  #stepEnded: () => void = () => {};
  /** Every process that could write has gone, and all that was written has been read. */
  readonly ended: Promise<void>;

  constructor(path: string, sink: RawStreamSink) {
    this.#path = path;
    this.#scanner = new MarkerScanner({ bytes: sink.bytes, ended: () => this.#stepEnded() });
    const readEnd = openFifo(path, constants.O_RDONLY);
    // A FIFO that nobody has open for writing reads as ended: one write end of ours bridges the
    // time until the worker's is open.
    this.#writeEnd = closing(readEnd, () => openFifo(path, constants.O_WRONLY));
    this.#socket = new Socket({ fd: readEnd, readable: true, writable: false });
    this.#socket.on('data', (chunk: Buffer) => this.#scanner.push(chunk));
    this.ended = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#scanner.end();
        // No marker will come any more.
        this.#stepEnded();
        resolve();
      });
    });
    this.#socket.on('error', () => this.#socket.destroy());
  }

  /** The worker has the write end now. */
  workerHasIt(): void {
    if (this.#writeEnd !== undefined) closeSync(this.#writeEnd);
    this.#writeEnd = undefined;
  }

  /** @returns when the end marker with this nonce has come, or the stream has ended. */
  arm(nonce: string): Promise<void> {
    this.#scanner.arm(nonce);
    return new Promise((resolve) => {
      this.#stepEnded = resolve;
    });
  }

  /** Removes the FIFO, reads what is left in it for at most `limitMs`, and closes it. */
  async close(limitMs: number): Promise<void> {
    this.workerHasIt();
    // Now, and not when all is read: the next worker's may have the same name.
    removeFifo(this.#path);
    const cut = setTimeout(() => this.#socket.destroy(), limitMs);
    await this.ended;
    clearTimeout(cut);
  }
}

/** User code can put anything in the place of a FIFO; nothing of it is waited for. */
function openFifo(path: string, mode: number): number {
  const fd = openSync(path, mode | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  return closing(fd, () => {
    if (!fstatSync(fd).isFIFO()) throw new Error(`${path} is not a FIFO`);
    return fd;
  });
}

/** Closes `fd` where `callback` throws. */
function closing<T>(fd: number, callback: () => T): T {
  try {
    return callback();
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function removeFifo(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone, or user code has put a directory in its place, which is moved away where the name
    // is needed again.
  }
}
