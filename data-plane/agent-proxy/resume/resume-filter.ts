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
 * @param mayPad false if the client received a `content-length`, which leaves no room for more
 * white space.
 */
export function createResultFilter(mayPad: boolean): ResumeFilter {
  let sent = 0;
  let seen = 0;
  let isFirst = true;
  return {
    take(chunk) {
      const padding = seen === 0 ? lengthOfSpace(chunk) : 0;
      const isPassed = isFirst || (mayPad && sent === 0);
      const known = Math.min(chunk.length - padding, Math.max(0, sent - seen));
      seen += chunk.length - padding;
      sent = Math.max(sent, seen);
      if (isPassed) return [chunk];
      const fresh = chunk.subarray(padding + known);
      return fresh.length > 0 ? [fresh] : [];
    },
    finish: () => [],
    nextResponse() {
      isFirst = false;
      seen = 0;
    },
    isWhole: () => false,
  };
}

function lengthOfSpace(chunk: Buffer): number {
  let length = 0;
  while (chunk[length] === 0x20) length++;
  return length;
}
