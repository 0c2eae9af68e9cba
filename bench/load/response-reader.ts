/** What remains of a response body. */
type Body =
  | { kind: 'length'; left: number }
  /** `left` counts the bytes of the current chunk and its line end. */
  | { kind: 'chunked'; left: number };

export interface ReadResponse {
  status: number;
  bytes: number;
}

const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');

/**
 * Reads responses of HTTP/1.1 from a connection and counts their bytes. It builds no header objects
 * and copies no bodies: the load must cost less than what it measures.
 */
export class ResponseReader {
  readonly #onResponse: (response: ReadResponse) => void;
  #pending: Buffer = Buffer.alloc(0);
  #status = 0;
  #bytes = 0;
  #body: Body | undefined;

  constructor(onResponse: (response: ReadResponse) => void) {
    this.#onResponse = onResponse;
  }

  /** @throws Error for a response whose end nothing marks. */
  push(chunk: Buffer): void {
    let rest: Buffer | undefined =
      this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = Buffer.alloc(0);
    while (rest && rest.length > 0) {
      const next: Buffer | undefined = this.#body
        ? this.#readBody(rest, this.#body)
        : this.#readHead(rest);
      if (next === undefined) this.#pending = rest;
      rest = next;
    }
  }

  #readHead(data: Buffer): Buffer | undefined {
    const end = data.indexOf(headEnd);
    if (end < 0) return undefined;
    const head = data.toString('latin1', 0, end + 2);
    const after = data.subarray(end + headEnd.length);
    this.#status = Number(head.slice(9, 12));
    // An interim response, such as 100 Continue, precedes the real one.
    if (this.#status < 200) return after;
    this.#bytes = 0;
    this.#body = bodyOf(head, this.#status);
    if (this.#body.kind === 'length' && this.#body.left === 0) this.#finish();
    return after;
  }

  #readBody(data: Buffer, body: Body): Buffer | undefined {
    if (body.left > 0) {
      const taken = Math.min(body.left, data.length);
      body.left -= taken;
      this.#bytes += taken;
      if (body.left === 0 && body.kind === 'length') this.#finish();
      else if (body.left === 0) this.#bytes -= lineEnd.length;
      return data.subarray(taken);
    }
    const end = data.indexOf(lineEnd);
    if (end < 0) return undefined;
    const size = Number.parseInt(data.toString('latin1', 0, end), 16);
    if (size > 0) {
      body.left = size + lineEnd.length;
      return data.subarray(end + lineEnd.length);
    }
    // The empty line after the last chunk.
    if (data.length < end + 2 * lineEnd.length) return undefined;
    this.#finish();
    return data.subarray(end + 2 * lineEnd.length);
  }

  #finish(): void {
    this.#body = undefined;
    this.#onResponse({ status: this.#status, bytes: this.#bytes });
  }
}

function bodyOf(head: string, status: number): Body {
  if (status === 204 || status === 304) return { kind: 'length', left: 0 };
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return { kind: 'length', left: Number(length) };
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return { kind: 'chunked', left: 0 };
  throw new Error(`a response without a length: ${head}`);
}
