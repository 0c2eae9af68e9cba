import type { IncomingHttpHeaders } from 'node:http';

/** How much of a response the client has been given. */
export type Delivered = 'nothing' | 'part' | 'whole';

/**
 * Where a response goes. One sink may be given several responses in turn, each after the one before
 * broke off.
 */
export interface ResponseSink {
  /**
   * Takes the head of a response.
   * @returns false for a response that is not for the client: nothing of it was taken then.
   */
  begin(status: number, headers: IncomingHttpHeaders): boolean;
  write(...pieces: readonly Buffer[]): void;
  end(): void;
  /** The response ends here without being whole; what was held back of it is dropped. */
  interrupt(): Delivered;
}
