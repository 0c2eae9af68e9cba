/**
 * Lets through of a step's response what can be resumed in another response, should this one break
 * off.
 */
export interface ResumeFilter {
  /** @returns what may go to the client now. */
  take(chunk: Buffer): readonly Buffer[];
  /** The response ended in order. @returns what was still held back. */
  finish(): readonly Buffer[];
  /** The next chunk is the first of another response. */
  nextResponse(): void;
  /** True when the client has all there is, also where the response did not end in order. */
  isWhole(): boolean;
}
