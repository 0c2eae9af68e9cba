import type { ServerResponse } from 'node:http';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import { type Deferred, deferred } from '../deferred.ts';

/**
 * Time for a data-plane whose connection broke to make it again, and more than all its tries take:
 * its client may still be there. Four have a second each to connect, and the pauses between them
 * come to 1.4 s.
 */
const graceMs = 7_000;

/**
 * The open responses that a step has. A step that nobody reads any more is cancelled where the last
 * sender who left had requested that: one who joins, or follows the events, keeps it going.
 */
export class Subscribers {
  #present = 0;
  #lastWish: ForwardedStep['on_disconnect'] = 'continue';
  #absence: { grace: NodeJS.Timeout; over: Deferred<void> } | undefined;

  /**
   * @param wish what is to happen when this one leaves before its response is whole; unsaid for
   * those who only read.
   * @param onAbandoned called when nobody has come back in time, to end the step; harmless where it
   * has ended.
   */
  join(
    outgoing: ServerResponse,
    wish: ForwardedStep['on_disconnect'] | undefined,
    onAbandoned: () => void,
  ): void {
    this.#present += 1;
    clearTimeout(this.#absence?.grace);
    this.#absence?.over.resolve();
    this.#absence = undefined;
    outgoing.once('close', () => {
      this.#present -= 1;
      if (outgoing.writableFinished) return;
      this.#lastWish = wish ?? this.#lastWish;
      if (this.#present > 0 || this.#lastWish !== 'cancel') return;
      this.#absence = { grace: setTimeout(onAbandoned, graceMs).unref(), over: deferred() };
    });
  }

  /**
   * Set while the last reader is gone and wanted the step to end with that; resolves when one has
   * come back.
   */
  get absence(): Promise<void> | undefined {
    return this.#absence?.over.promise;
  }
}
