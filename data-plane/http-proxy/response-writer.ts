import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { responseHeaders } from './headers.ts';

/** How much of a response the client has. */
type Delivered = 'nothing' | 'part' | 'whole';

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

interface WriterOptions {
  /** Headers that are added to every response, with names in lower case. */
  ownHeaders: Readonly<Record<string, string>>;
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
export function createResponseWriter(
  outgoing: ServerResponse,
  { ownHeaders }: WriterOptions,
): ResponseSink {
  let head: { status: number; headers: OutgoingHttpHeaders } | undefined;
  let held: Buffer[] = [];
  let isHeldWhole = false;

  const takeHeld = (): Buffer | undefined => {
    if (head) outgoing.writeHead(head.status, head.headers);
    head = undefined;
    const body = held.length > 1 ? Buffer.concat(held) : held[0];
    held = [];
    return body;
  };
  const release = () => {
    if (outgoing.destroyed) return;
    const body = takeHeld();
    if (body) outgoing.write(body);
    else outgoing.flushHeaders();
  };
  return {
    begin(status, headers) {
      const begun = { status, headers: responseHeaders(headers, ownHeaders) };
      head = begun;
      isHeldWhole = Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= maxHeldBytes;
      if (!isHeldWhole) queueMicrotask(() => head === begun && release());
      return true;
    },
    write(...pieces) {
      if (pieces.length === 0) return;
      if (head && (isHeldWhole || held.length === 0)) {
        held.push(...pieces);
        return;
      }
      if (head) release();
      if (pieces.length > 1) outgoing.cork();
      for (const piece of pieces) outgoing.write(piece);
      if (pieces.length > 1) outgoing.uncork();
    },
    end() {
      outgoing.end(takeHeld());
    },
    interrupt() {
      head = undefined;
      held = [];
      return outgoing.headersSent ? 'part' : 'nothing';
    },
  };
}
