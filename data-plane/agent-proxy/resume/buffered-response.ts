import type { IncomingHttpHeaders } from 'node:http';
import type { ResponseSink } from '../../http-proxy/response-writer.ts';

/** A short response that is read into memory before the client gets it or another one. */
export interface BufferedResponse extends ResponseSink {
  status(): number;
  body(): Buffer;
  /**
   * True if an earlier response was interrupted: the agent may already have executed the request.
   */
  wasInterrupted(): boolean;
  /** Sends it to the client unchanged. */
  forwardTo(to: ResponseSink): void;
}

interface BufferOptions {
  /** Called with the head of a 200 and with each space that precedes its JSON. */
  onWaiting: (headers: IncomingHttpHeaders, spaces: Buffer) => void;
}

export function createBufferedResponse({ onWaiting }: BufferOptions): BufferedResponse {
  let head: { status: number; headers: IncomingHttpHeaders } = { status: 0, headers: {} };
  let chunks: Buffer[] = [];
  let wasInterrupted = false;
  return {
    begin(status, headers) {
      head = { status, headers };
      return true;
    },
    write(...pieces) {
      for (const piece of pieces) {
        if (head.status === 200 && chunks.length === 0 && isBlank(piece))
          onWaiting(head.headers, piece);
        else chunks.push(piece);
      }
    },
    end() {},
    interrupt() {
      chunks = [];
      wasInterrupted = true;
      return 'nothing';
    },
    status: () => head.status,
    body: () => Buffer.concat(chunks),
    wasInterrupted: () => wasInterrupted,
    forwardTo(to) {
      to.begin(head.status, head.headers);
      to.write(...chunks);
      to.end();
    },
  };
}

const isBlank = (piece: Buffer): boolean => piece.every((byte) => byte === 0x20);
