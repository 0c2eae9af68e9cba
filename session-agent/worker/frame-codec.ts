import { maxFrameBytes } from './frames.ts';

/** One message as a frame: a big-endian 32-bit length and that many bytes of JSON. */
export function encodeFrame(message: object): Buffer {
  const json = JSON.stringify(message);
  const size = Buffer.byteLength(json);
  const frame = Buffer.allocUnsafe(4 + size);
  frame.writeUInt32BE(size, 0);
  frame.write(json, 4);
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
   * @returns the messages that are complete with this chunk, as parsed JSON.
   * @throws RangeError for a frame above the limit, SyntaxError for one that is not JSON.
   */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const messages: unknown[] = [];
    for (let body = this.#takeBody(); body; body = this.#takeBody()) messages.push(JSON.parse(body.toString('utf8')));
    return messages;
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
