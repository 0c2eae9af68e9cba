import type { IncomingHttpHeaders } from 'node:http';

/** How much of a response the client has. */
export type Delivered = 'nothing' | 'part' | 'whole';

/** Receives a response. After an interruption it may receive another response in its place. */
export interface ResponseSink {
  /**
   * Receives the head of a response.
   * @returns false where the response cannot continue what the client already has. It is dropped.
   */
  begin(status: number, headers: IncomingHttpHeaders): boolean;
  write(...pieces: readonly Buffer[]): void;
  end(): void;
  /** The response ends before it is complete; what was held back is dropped. */
  interrupt(): Delivered;
}
