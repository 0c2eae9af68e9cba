import { checkJson } from '../json/check-json.ts';
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

/** Takes a byte stream apart into messages, however it was cut into chunks. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Length of the body that is awaited, once its header has come. */
  #bodyBytes: number | undefined;

  /**
   * Gives the messages that are complete with this chunk, as parsed JSON; a `bundle` is the bytes
   * of its line.
   * @throws RangeError for a frame above the limit, or more in it than any message has; SyntaxError
   * for one that is not JSON.
   */
  *push(chunk: Buffer): Generator<unknown, void> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let body = this.#takeBody(); body; body = this.#takeBody()) yield decodeBody(body);
  }

  #takeBody(): Buffer | undefined {
    this.#bodyBytes ??= this.#take(headerBytes)?.readUInt32BE(0);
    if (this.#bodyBytes === undefined) return undefined;
    if (this.#bodyBytes > maxFrameBytes) {
      throw new RangeError(`a frame of ${this.#bodyBytes} bytes is above the limit of ${maxFrameBytes}`);
    }
    const body = this.#take(this.#bodyBytes);
    if (body) this.#bodyBytes = undefined;
    return body;
  }

  /** The next `length` bytes when they are there; chunks are joined only then. */
  #take(length: number): Buffer | undefined {
    if (this.#size < length) return undefined;
    const [first] = this.#chunks;
    const all = first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks = all.length > length ? [all.subarray(length)] : [];
    this.#size = all.length - length;
    return all.subarray(0, length);
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
  if (typeof message !== 'object' || message === null) throw new SyntaxError('a message is not a JSON object');
  return message;
}
