import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { responseHeaders } from './headers.ts';

/** How much of a response the client has. */
export type Delivered = 'nothing' | 'part' | 'whole';

/** Receives a response. After an interruption, it may receive another response instead. */
export interface ResponseSink {
  /**
   * Receives the head of a response.
   * @returns false if the response cannot continue what the client already has. It is then dropped.
   */
  begin(status: number, headers: IncomingHttpHeaders): boolean;
  write(...pieces: readonly Buffer[]): void;
  end(): void;
  /** Called when the response is interrupted; data that was held back is dropped. */
  interrupt(): Delivered;
}

/**
 * A response whose `content-length` is at most this is written only when it is complete: if it is
 * interrupted, another one can replace it.
 */
const maxHeldBytes = 16 * 1024;

/**
 * Writes a response into Node's own response. Headers and first chunk wait until the parser
 * returns: a response that arrived in one piece leaves in one piece, and the first byte of any
 * other leaves at once.
 */
export class ResponseWriter implements ResponseSink {
  readonly #outgoing: ServerResponse;
  readonly #ownHeaders: Readonly<Record<string, string>>;
  #head: { status: number; headers: OutgoingHttpHeaders } | undefined;
  #held: Buffer[] = [];
  #isHeldWhole = false;

  /** @param ownHeaders are added to every response, with names in lower case. */
  constructor(outgoing: ServerResponse, ownHeaders: Readonly<Record<string, string>>) {
    this.#outgoing = outgoing;
    this.#ownHeaders = ownHeaders;
  }

  begin(status: number, headers: IncomingHttpHeaders): boolean {
    const begun = { status, headers: responseHeaders(headers, this.#ownHeaders) };
    this.#head = begun;
    this.#isHeldWhole =
      Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= maxHeldBytes;
    if (!this.#isHeldWhole) queueMicrotask(() => this.#head === begun && this.#release());
    return true;
  }

  write(...pieces: readonly Buffer[]): void {
    if (pieces.length === 0) return;
    if (this.#head && (this.#isHeldWhole || this.#held.length === 0)) {
      this.#held.push(...pieces);
      return;
    }
    if (this.#head) this.#release();
    if (pieces.length > 1) this.#outgoing.cork();
    for (const piece of pieces) this.#outgoing.write(piece);
    if (pieces.length > 1) this.#outgoing.uncork();
  }

  end(): void {
    this.#outgoing.end(this.#takeHeld());
  }

  interrupt(): Delivered {
    this.#head = undefined;
    this.#held = [];
    return this.#outgoing.headersSent ? 'part' : 'nothing';
  }

  #release(): void {
    if (this.#outgoing.destroyed) return;
    const body = this.#takeHeld();
    if (body) this.#outgoing.write(body);
    else this.#outgoing.flushHeaders();
  }

  #takeHeld(): Buffer | undefined {
    if (this.#head) this.#outgoing.writeHead(this.#head.status, this.#head.headers);
    this.#head = undefined;
    const body = this.#held.length > 1 ? Buffer.concat(this.#held) : this.#held[0];
    this.#held = [];
    return body;
  }
}
