/**
 * Lets through the part of a step's response that another response can resume if this one is
 * interrupted.
 */
export interface ResumeFilter {
  /** @returns the chunks that may go to the client now. */
  take(chunk: Buffer): readonly Buffer[];
  /** Called when the response ends normally. @returns the data that was still held back. */
  finish(): readonly Buffer[];
  /** Called before the first chunk of another response. */
  nextResponse(): void;
  /** True if the client has the complete response, even if the connection did not end normally. */
  isWhole(): boolean;
}

/**
 * Lets a step's JSON result through. The same step produces the same result again, so another
 * response resumes after as many bytes as the client has. White space before the result is a
 * keepalive and not part of it.
 */
export class ResultFilter implements ResumeFilter {
  readonly #mayPad: boolean;
  #sent = 0;
  #seen = 0;
  #isFirst = true;

  /**
   * @param mayPad false if the client received a `content-length`, which leaves no room for more
   * white space.
   */
  constructor(mayPad: boolean) {
    this.#mayPad = mayPad;
  }

  take(chunk: Buffer): readonly Buffer[] {
    const padding = this.#seen === 0 ? lengthOfSpace(chunk) : 0;
    const isPassed = this.#isFirst || (this.#mayPad && this.#sent === 0);
    const known = Math.min(chunk.length - padding, Math.max(0, this.#sent - this.#seen));
    this.#seen += chunk.length - padding;
    this.#sent = Math.max(this.#sent, this.#seen);
    if (isPassed) return [chunk];
    const fresh = chunk.subarray(padding + known);
    return fresh.length > 0 ? [fresh] : [];
  }

  finish(): readonly Buffer[] {
    return [];
  }

  nextResponse(): void {
    this.#isFirst = false;
    this.#seen = 0;
  }

  isWhole(): boolean {
    return false;
  }
}

function lengthOfSpace(chunk: Buffer): number {
  let length = 0;
  while (chunk[length] === 0x20) length++;
  return length;
}
