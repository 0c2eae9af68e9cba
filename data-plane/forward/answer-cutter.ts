/** Lets through of a step's answer what can be gone on from in another answer, should this one break off. */
export interface AnswerCutter {
  /** @returns what may go to the client now. */
  take(chunk: Buffer): readonly Buffer[];
  /** The answer ended in order. @returns what was still held back. */
  finish(): readonly Buffer[];
  /** The next chunk is the first of another answer. */
  goOn(): void;
  /** True when the client has all there is, also where the answer did not end in order. */
  isWhole(): boolean;
}
