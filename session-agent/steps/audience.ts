import type { ServerResponse } from 'node:http';
import type { ForwardedStep } from '@steppe/contracts/step';

/** Time for a connection between the planes that broke to be made again: its client may still be there. */
const graceMs = 1_000;

/**
 * The open answers that a step has. A step that nobody reads any more is cancelled where the last sender who left had asked for
 * that: one who joins, or follows the events, keeps it going.
 */
export class Audience {
  #present = 0;
  #lastWish: ForwardedStep['on_disconnect'] = 'continue';
  #grace: NodeJS.Timeout | undefined;

  /**
   * @param wish what is to happen when this one leaves before its answer is whole; unsaid for those who only read.
   * @param onAbandoned called when nobody has come back in time; harmless where the step has ended.
   */
  join(outgoing: ServerResponse, wish: ForwardedStep['on_disconnect'] | undefined, onAbandoned: () => void): void {
    this.#present += 1;
    clearTimeout(this.#grace);
    this.#grace = undefined;
    outgoing.once('close', () => {
      this.#present -= 1;
      if (outgoing.writableFinished) return;
      this.#lastWish = wish ?? this.#lastWish;
      if (this.#present === 0 && this.#lastWish === 'cancel') this.#grace = setTimeout(onAbandoned, graceMs).unref();
    });
  }

  /** The last reader is gone and wanted the step to end with that. */
  get isGone(): boolean {
    return this.#grace !== undefined;
  }
}
