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
