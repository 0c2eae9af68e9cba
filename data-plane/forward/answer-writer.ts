import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

export interface AnswerWriter {
  begin(status: number, headers: OutgoingHttpHeaders): void;
  write(chunk: Buffer): void;
  end(): void;
}

interface WriterOptions {
  /** The client reads slower than the answer comes: stop until `onDrained`. */
  onFull: () => void;
  onDrained: () => void;
}

/**
 * Writes an answer into Node's own response. Headers and first chunk wait until the parser gives back control: an answer that
 * came in one piece leaves in one, and of any other the first byte leaves at once.
 */
export function createAnswerWriter(outgoing: ServerResponse, { onFull, onDrained }: WriterOptions): AnswerWriter {
  let held: Buffer | undefined;
  let isHolding = true;
  const send = (chunk: Buffer) => {
    if (!outgoing.write(chunk)) onFull();
  };
  const release = () => {
    if (!isHolding || outgoing.destroyed) return;
    isHolding = false;
    if (held) send(held);
    else outgoing.flushHeaders();
    held = undefined;
  };
  return {
    begin(status, headers) {
      // What a write into a connection that is gone throws is told by `close` too.
      outgoing.on('error', () => {});
      outgoing.on('drain', onDrained);
      outgoing.writeHead(status, headers);
      queueMicrotask(release);
    },
    write(chunk) {
      if (isHolding && held === undefined) {
        held = chunk;
        return;
      }
      release();
      send(chunk);
    },
    end() {
      isHolding = false;
      outgoing.end(held);
    },
  };
}
