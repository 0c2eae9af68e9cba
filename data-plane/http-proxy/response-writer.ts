import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { responseHeaders } from './response-headers.ts';
import type { ResponseSink } from './response-sink.ts';

interface WriterOptions {
  /** Headers that the response has in any case, by their names in lower case. */
  ownHeaders: Readonly<Record<string, string>>;
  /** True for a response that is meant for us and not for the client. */
  isRejected: (status: number) => boolean;
}

/**
 * A response that says it is no longer than this is written when it is whole: if it breaks off
 * before, another may take its place.
 */
const heldBytes = 16 * 1024;

/**
 * Writes a response into Node's own response. Headers and first chunk wait until the parser gives
 * back control: a response that came in one piece leaves in one, and of any other the first byte
 * leaves at once.
 */
export function createResponseWriter(
  outgoing: ServerResponse,
  { ownHeaders, isRejected }: WriterOptions,
): ResponseSink {
  let head: { status: number; headers: OutgoingHttpHeaders } | undefined;
  let held: Buffer[] = [];
  let isHeldWhole = false;
  // What a write into a connection that is gone throws is reported by `close` too.
  outgoing.on('error', () => {});

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
      if (isRejected(status)) return false;
      const begun = { status, headers: responseHeaders(headers, ownHeaders) };
      head = begun;
      isHeldWhole = Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= heldBytes;
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
