import { Duplex } from 'node:stream';
import {
  type Kernel,
  realImmediate,
  type ScheduledEvent,
  type SimulatedProcess,
} from '../kernel/kernel.ts';
import { systemError } from './system-error.ts';

/** What a connection needs from its network. */
export interface Wire {
  kernel: Kernel;
  /** The time until a chunk arrives. */
  latencyMs(): number;
  /** Whether the connection breaks instead of delivering a chunk. */
  breaks(): boolean;
  /** The size of the first part in which a chunk arrives. */
  firstPartOf(bytes: number): number;
  isCut(from: SimulatedProcess, to: SimulatedProcess): boolean;
  /** Calls `socket.retransmit` when the way is open again. */
  awaitHeal(socket: SimulatedSocket): void;
}

interface SocketOptions {
  wire: Wire;
  id: number;
  process: SimulatedProcess;
  remoteAddress: string;
  allowHalfOpen: boolean;
}

/** A sender waits if this much is not read yet. */
const windowBytes = 256 * 1024;

/**
 * One end of a TCP connection, as far as Node shows it: what arrives keeps its order, an end that
 * is closed with unread data resets the other one, and a writer waits for a slow reader.
 */
export class SimulatedSocket extends Duplex {
  /** Orders the sockets of a network by the time of their opening. */
  readonly id: number;
  readonly process: SimulatedProcess;
  readonly remoteAddress: string;
  readonly remotePort = 1;
  bytesRead = 0;
  bytesWritten = 0;
  timeout = 0;
  peer: SimulatedSocket | undefined;
  readonly #wire: Wire;
  readonly #forget: () => void;
  /** Nothing is sent any more, although the ends do not know it yet. What is on its way arrives. */
  #isSevered = false;
  #hasSentEnd = false;
  /** When the last event on the way to the peer arrives. */
  #lastArrivalMs = 0;
  #unreadBytes = 0;
  #blocked: (() => void) | undefined;
  /** What the sender sends again when a cut heals. */
  readonly #held: (() => void)[] = [];
  /** What has arrived; null is the end. */
  readonly #arrived: (Buffer | null)[] = [];
  #isReading = false;
  #activeMs: number;
  #idleTimer: ScheduledEvent | undefined;

  constructor({ wire, id, process, remoteAddress, allowHalfOpen }: SocketOptions) {
    super({ allowHalfOpen });
    this.#wire = wire;
    this.id = id;
    this.process = process;
    this.remoteAddress = remoteAddress;
    this.#activeMs = wire.kernel.nowMs;
    this.#forget = process.onKill(() => this.#abandon());
  }

  /** What the peer receives from now on arrives after `ms` at the earliest. */
  delayFirst(ms: number): void {
    this.#lastArrivalMs = this.#wire.kernel.nowMs + ms;
  }

  /** Its process is dead: the peer hears of it unless they are cut off, and it does nothing more. */
  #abandon(): void {
    this.#send('rst', 0, (peer) => peer.#reset());
    this.#detach();
    this.#idleTimer?.cancel();
    releaseParser(this);
  }

  #detach(): void {
    this.peer = undefined;
    this.#forget();
  }

  #reset(): void {
    if (this.destroyed) return;
    this.#detach();
    this.destroy(systemError('ECONNRESET', 'read'));
  }

  #send(what: string, bytes: number, act: (peer: SimulatedSocket) => void): void {
    const { peer } = this;
    if (!peer || this.#isSevered) return;
    const deliver = () => this.#deliver(peer, what, bytes, act);
    if (this.#held.length > 0 || this.#wire.isCut(this.process, peer.process)) {
      this.#held.push(deliver);
      if (this.#held.length === 1) this.#wire.awaitHeal(this);
    } else deliver();
  }

  retransmit(): void {
    for (const deliver of this.#held.splice(0)) deliver();
  }

  #deliver(
    peer: SimulatedSocket,
    what: string,
    bytes: number,
    act: (peer: SimulatedSocket) => void,
  ): void {
    const { kernel } = this.#wire;
    if (!this.#isSevered && bytes > 0 && this.#wire.breaks()) this.#sever(peer);
    if (this.#isSevered) return;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, kernel.nowMs + this.#wire.latencyMs());
    const label = bytes > 0 ? `${what} ${bytes}` : what;
    kernel.schedule(this.#lastArrivalMs - kernel.nowMs, peer.process, label, () => act(peer));
  }

  #sever(peer: SimulatedSocket): void {
    const { kernel } = this.#wire;
    for (const [end, other] of [
      [this, peer],
      [peer, this],
    ] as const) {
      end.#isSevered = true;
      const onWayMs = other.#lastArrivalMs - kernel.nowMs;
      const resetMs = Math.max(onWayMs, this.#wire.latencyMs());
      kernel.schedule(resetMs, end.process, 'rst', () => end.#reset());
    }
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error | null) => void): void {
    this.#transmit(Buffer.from(chunk), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#transmit(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  #transmit(bytes: Buffer, done: () => void): void {
    this.#activeMs = this.#wire.kernel.nowMs;
    this.bytesWritten += bytes.length;
    const first = this.#wire.firstPartOf(bytes.length);
    for (const part of [bytes.subarray(0, first), bytes.subarray(first)]) {
      if (part.length === 0) continue;
      this.#unreadBytes += part.length;
      this.#send('data', part.length, (peer) => peer.#receive(part));
    }
    if (this.#unreadBytes < windowBytes || !this.peer) done();
    else this.#blocked = done;
  }

  #acknowledge(bytes: number): void {
    this.#unreadBytes -= bytes;
    const blocked = this.#blocked;
    if (!blocked || this.#unreadBytes >= windowBytes) return;
    this.#blocked = undefined;
    this.#wire.kernel.schedule(this.#wire.latencyMs(), this.process, 'ack', blocked);
  }

  override _final(done: () => void): void {
    this.#hasSentEnd = true;
    this.#send('fin', 0, (peer) => peer.#receive(null));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#idleTimer?.cancel();
    const isRude = error !== null || this.#arrived.some((part) => part !== null);
    if (isRude) this.#send('rst', 0, (peer) => peer.#reset());
    else if (!this.#hasSentEnd) this.#send('fin', 0, (peer) => peer.#receive(null));
    this.#forget();
    done(error);
  }

  #receive(part: Buffer | null): void {
    if (this.destroyed) {
      // A socket that is closed responds to data with a reset.
      if (part) this.#send('rst', 0, (peer) => peer.#reset());
      return;
    }
    this.#activeMs = this.#wire.kernel.nowMs;
    if (part) this.bytesRead += part.length;
    this.#arrived.push(part);
    this.#flush();
  }

  override _read(): void {
    this.#isReading = true;
    this.#flush();
  }

  #flush(): void {
    while (this.#isReading) {
      const part = this.#arrived.shift();
      if (part === undefined) return;
      // Set before the push, which may read again at once.
      this.#isReading = false;
      if (part && this.peer) this.peer.#acknowledge(part.length);
      if (this.push(part) && part) this.#isReading = true;
    }
  }

  setTimeout(ms: number, listener?: () => void): this {
    this.timeout = ms;
    this.#activeMs = this.#wire.kernel.nowMs;
    this.#idleTimer?.cancel();
    if (ms > 0) this.#watchIdle(ms);
    if (listener) this.once('timeout', listener);
    return this;
  }

  #watchIdle(afterMs: number): void {
    const { kernel } = this.#wire;
    this.#idleTimer = kernel.schedule(afterMs, this.process, 'socket timeout', () => {
      const leftMs = this.#activeMs + this.timeout - kernel.nowMs;
      if (leftMs > 0.01) return this.#watchIdle(leftMs);
      this.emit('timeout');
    });
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  resetAndDestroy(): this {
    return this.destroy(systemError('ECONNRESET', 'read'));
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** Node's HTTP server would do it when the socket closes: until then its parser is never collected. */
function releaseParser(socket: SimulatedSocket): void {
  const { parser }: HttpSocket = socket;
  // The parser itself may have called what has killed the process.
  if (parser) realImmediate(() => parser.close());
}

type HttpSocket = SimulatedSocket & { parser?: { close(): void } | null };
