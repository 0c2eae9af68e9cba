import type { IncomingHttpHeaders } from 'node:http';

/** How much of a response the client has. */
export type Delivered = 'nothing' | 'part' | 'whole';

/** Receives a response. After an interruption, it may receive another response instead. */
export interface ResponseSink {
  /**
   * Receives the head of a response.
   * @returns false if the response cannot continue what the client already has. It is then dropped.
   */
  begin(status: number, headers: IncomingHttpHeaders): boolean;
  write(...pieces: readonly Buffer[]): void;
  end(): void;
  /** Called when the response is interrupted; data that was held back is dropped. */
  interrupt(): Delivered;
}
