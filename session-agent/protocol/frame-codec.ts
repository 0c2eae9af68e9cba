import { checkJson } from './check-json.ts';
import { maxFrameBytes } from './frames.ts';

/**
 * One message as a frame: a big-endian 32-bit length and that many bytes, a line of JSON. The JSON
 * text of a bundle follows on a line of its own.
 */
export function encodeFrame(message: object, bundle?: string): Buffer {
  const json = JSON.stringify(message);
  const text = bundle === undefined ? json : `${json}\n${bundle}`;
  const size = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(4 + size);
  frame.writeUInt32BE(size, 0);
  frame.write(text, 4);
  return frame;
}

const headerBytes = 4;
const firstRoomBytes = 64 * 1024;

/**
 * Takes a byte stream apart into messages, however it was cut into chunks. A frame that is not
 * whole takes at most twice the bytes that came of it, and none of its chunks is kept alive.
 */
export class FrameDecoder {
  readonly #header = Buffer.alloc(headerBytes);
  /** Of the header and the body of the frame under way. */
  #size = 0;
  #body: Buffer = Buffer.alloc(0);
  #maxBytes: number;

  /** @param firstFrameBytes the limit of the first frame, before which its sender is not known. */
  constructor(firstFrameBytes = maxFrameBytes) {
    this.#maxBytes = firstFrameBytes;
  }

  /**
   * Gives the messages that are complete with this chunk, as parsed JSON; a `bundle` is the bytes
   * of its line.
   * @throws RangeError for a frame above the limit, or more in it than any message has; SyntaxError
   * for one that is not JSON.
   */
  *push(chunk: Buffer): Generator<unknown, void> {
    for (let rest = chunk; rest.length > 0; ) {
      rest = this.#size < headerBytes ? this.#takeHeader(rest) : this.#takeBody(rest);
      if (this.#size < headerBytes || this.#size < headerBytes + this.#bodyBytes) continue;
      const body = this.#body.subarray(0, this.#bodyBytes);
      this.#size = 0;
      this.#body = Buffer.alloc(0);
      this.#maxBytes = maxFrameBytes;
      yield decodeBody(body);
    }
  }

  get #bodyBytes(): number {
    return this.#header.readUInt32BE(0);
  }

  /** @returns what is left of the chunk. */
  #takeHeader(chunk: Buffer): Buffer {
    const taken = chunk.copy(this.#header, this.#size);
    this.#size += taken;
    if (this.#size === headerBytes && this.#bodyBytes > this.#maxBytes) {
      throw new RangeError(
        `a frame of ${this.#bodyBytes} bytes is above the limit of ${this.#maxBytes}`,
      );
    }
    return chunk.subarray(taken);
  }

  /** @returns what is left of the chunk. */
  #takeBody(chunk: Buffer): Buffer {
    const had = this.#size - headerBytes;
    const taken = Math.min(chunk.length, this.#bodyBytes - had);
    // A body that came in one piece, as most do, is not copied.
    if (had === 0 && taken === this.#bodyBytes) this.#body = chunk.subarray(0, taken);
    else this.#append(chunk.subarray(0, taken), had);
    this.#size += taken;
    return chunk.subarray(taken);
  }

  #append(bytes: Buffer, had: number): void {
    const needed = had + bytes.length;
    if (needed > this.#body.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.min(this.#bodyBytes, Math.max(needed, 2 * had, firstRoomBytes)),
      );
      this.#body.copy(larger, 0, 0, had);
      this.#body = larger;
    }
    bytes.copy(this.#body, had);
  }
}

const lineEnd = 0x0a;
/**
 * A traceback of 256 KiB may have as many lines: without a limit, a frame of empty lists takes a
 * hundred times its own bytes.
 */
const messageRules = { maxDepth: 8, maxValues: 300_000 };

function decodeBody(body: Buffer): unknown {
  const end = body.indexOf(lineEnd);
  if (end === -1) return decodeMessage(body);
  return { ...decodeMessage(body.subarray(0, end)), bundle: body.subarray(end + 1) };
}

function decodeMessage(line: Buffer): object {
  checkJson(line, messageRules);
  const message: unknown = JSON.parse(line.toString('utf8'));
  if (typeof message !== 'object' || message === null)
    throw new SyntaxError('a message is not a JSON object');
  return message;
}
