import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerSink } from './forward/answer-sink.ts';

/** A short answer that is read here before the client gets it, or something else. */
export interface CollectedAnswer extends AnswerSink {
  status(): number;
  body(): Buffer;
  /** True where an answer broke off before the one that is here: what was asked for may have been done then. */
  brokeOff(): boolean;
  /** Gives it to the client as it is. */
  passOn(to: AnswerSink): void;
}

interface CollectOptions {
  declines: (status: number) => boolean;
  /** Told of the head of a 200 that goes on, and of each space that comes before its JSON. */
  onWaiting: (headers: IncomingHttpHeaders, spaces: Buffer) => void;
}

export function createCollectedAnswer({ declines, onWaiting }: CollectOptions): CollectedAnswer {
  let head: { status: number; headers: IncomingHttpHeaders } = { status: 0, headers: {} };
  let chunks: Buffer[] = [];
  let brokeOff = false;
  return {
    begin(status, headers) {
      if (declines(status)) return false;
      head = { status, headers };
      return true;
    },
    write(...pieces) {
      for (const piece of pieces) {
        if (head.status === 200 && chunks.length === 0 && isBlank(piece)) onWaiting(head.headers, piece);
        else chunks.push(piece);
      }
    },
    end() {},
    breakOff() {
      chunks = [];
      brokeOff = true;
      return 'nothing';
    },
    status: () => head.status,
    body: () => Buffer.concat(chunks),
    brokeOff: () => brokeOff,
    passOn(to) {
      to.begin(head.status, head.headers);
      to.write(...chunks);
      to.end();
    },
  };
}

const isBlank = (piece: Buffer): boolean => piece.every((byte) => byte === 0x20);
