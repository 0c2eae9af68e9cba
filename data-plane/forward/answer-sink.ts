import type { IncomingHttpHeaders } from 'node:http';

/** How much of an answer the client has been given. */
export type Delivered = 'nothing' | 'part' | 'whole';

/** Where an answer goes. One sink may be given several answers in turn, each after the one before broke off. */
export interface AnswerSink {
  /** Takes the head of an answer. @returns false for an answer that is not for the client: nothing of it was taken then. */
  begin(status: number, headers: IncomingHttpHeaders): boolean;
  write(...pieces: readonly Buffer[]): void;
  end(): void;
  /** The answer ends here without being whole; what was held back of it is dropped. */
  breakOff(): Delivered;
}
