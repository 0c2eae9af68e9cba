import { emptyBuffer } from '../empty-buffer.ts';
import { TailBuffer } from '../tail-buffer.ts';

/** What a result shows of longer output. @param droppedBytes of the middle. */
export type Notice = (droppedBytes: number) => string;

const firstHeadBytes = 256;

/**
 * What a result shows of one output stream: all of it up to a limit; otherwise the first and the
 * last bytes, and a notice between them. It keeps bytes: a text is made only for a reader.
 */
export class OutputWindow {
  readonly #notice: Notice;
  readonly #headLimit: number;
  #head = emptyBuffer;
  #headBytes = 0;
  readonly #tail: TailBuffer;

  /** @param headBytes how much of it shows the head. */
  constructor(maxBytes: number, notice: Notice, headBytes = Math.floor(maxBytes / 2)) {
    this.#notice = notice;
    const noticeBytes = Buffer.byteLength(notice(Number.MAX_SAFE_INTEGER));
    this.#headLimit = headBytes;
    this.#tail = new TailBuffer(Math.max(0, maxBytes - headBytes - noticeBytes));
  }

  get isCut(): boolean {
    return this.#tail.droppedBytes > 0;
  }

  /** The memory that it takes. */
  get memoryBytes(): number {
    return this.#head.length + this.#tail.memoryBytes;
  }

  push(bytes: Buffer): void {
    const passed = Math.min(bytes.length, this.#headLimit - this.#headBytes);
    if (passed > 0) this.#toHead(bytes.subarray(0, passed));
    if (passed < bytes.length) this.#tail.push(bytes.subarray(passed));
  }

  text(): string {
    const head = this.#head.subarray(0, this.#headBytes);
    const tail = this.#tail.peek();
    if (tail.length === 0 && !this.isCut) return head.toString('utf8');
    if (!this.isCut) return Buffer.concat([head, tail]).toString('utf8');
    const shownHead = head.subarray(0, head.length - incompleteEnd(head));
    const shownTail = tail.subarray(firstCharacter(tail));
    const hidden = head.length - shownHead.length + tail.length - shownTail.length;
    const notice = this.#notice(this.#tail.droppedBytes + hidden);
    return shownHead.toString('utf8') + notice + shownTail.toString('utf8');
  }

  #toHead(bytes: Buffer): void {
    const needed = this.#headBytes + bytes.length;
    if (needed > this.#head.length) {
      const room = Math.max(needed, firstHeadBytes, 2 * this.#head.length);
      const larger = Buffer.allocUnsafeSlow(Math.min(room, this.#headLimit));
      this.#head.copy(larger, 0, 0, this.#headBytes);
      this.#head = larger;
    }
    bytes.copy(this.#head, this.#headBytes);
    this.#headBytes = needed;
  }
}

/** The start of the first whole character: a character has at most three continuation bytes. */
function firstCharacter(bytes: Buffer): number {
  for (let at = 0; at < 4; at += 1) {
    const byte = bytes[at];
    if (byte === undefined || (byte & 0xc0) !== 0x80) return at;
  }
  return 0;
}

/** How many bytes at the end are the beginning of a character that is not whole yet. */
export function incompleteEnd(bytes: Buffer): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count += 1) {
    const byte = bytes[bytes.length - count] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return byte < 0xf8 && count < length ? count : 0;
  }
  return 0;
}
