import { emptyBuffer } from '../empty-buffer.ts';
import type { WorkerFrame } from './frames.ts';
import { wellFormedJson } from './well-formed-json.ts';
import { maxFrameBytes } from './wire-format.ts';

// The one codec of frames, for the agent and the Node driver, which bundles it: it must not import
// zod.

/** One message as a frame. The JSON text of a bundle follows on a line of its own. */
export function encodeFrame(message: object, bundle?: string): Buffer {
  return frameOf(JSON.stringify(message), bundle);
}

function frameOf(json: string, bundle?: string): Buffer {
  const text = bundle === undefined ? json : `${json}\n${bundle}`;
  const size = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(4 + size);
  frame.writeUInt32BE(size, 0);
  frame.write(text, 4);
  return frame;
}

/**
 * The bundle of a `display` follows on a line of its own. Other texts of user code may have lone
 * surrogates, which no frame carries.
 */
export function encodeWorkerFrame(frame: WorkerFrame): Buffer {
  if (frame.type !== 'display') return frameOf(wellFormedJson(JSON.stringify(frame)));
  const { bundle, ...message } = frame;
  return encodeFrame(message, bundle);
}

/** Decodes a message from the agent, which the runtime trusts. */
export const decodeTrusted = (body: Buffer): unknown => JSON.parse(body.toString('utf8'));

const headerBytes = 4;
const firstRoomBytes = 64 * 1024;

/**
 * Splits a byte stream into messages, whatever the sizes of its chunks. An incomplete frame takes
 * at most twice the bytes that have arrived, and keeps none of its chunks alive.
 */
export class FrameDecoder<Message> {
  readonly #decode: (body: Buffer) => Message;
  readonly #header = Buffer.alloc(headerBytes);
  /** Bytes of the current frame that have arrived, header included. */
  #size = 0;
  #body = emptyBuffer;
  #maxBytes: number;

  /**
   * @param decode converts a frame's body to a message.
   * @param firstFrameBytes limits the first frame, which identifies its sender.
   */
  constructor(decode: (body: Buffer) => Message, firstFrameBytes = maxFrameBytes) {
    this.#decode = decode;
    this.#maxBytes = firstFrameBytes;
  }

  /**
   * Yields the messages that this chunk completes.
   * @throws RangeError for a frame above the limit, and whatever `decode` throws.
   */
  *push(chunk: Buffer): Generator<Message, void> {
    for (let rest = chunk; rest.length > 0; ) {
      rest = this.#size < headerBytes ? this.#takeHeader(rest) : this.#takeBody(rest);
      if (this.#size < headerBytes || this.#size < headerBytes + this.#bodyBytes) continue;
      const body = this.#body.subarray(0, this.#bodyBytes);
      this.#size = 0;
      this.#body = emptyBuffer;
      this.#maxBytes = maxFrameBytes;
      yield this.#decode(body);
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
    // A body that arrives in one piece, as most do, is not copied.
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
