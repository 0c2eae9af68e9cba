import type { ForwardedStep } from '@steppe/contracts/step-request';
import type { Clock } from '@steppe/service-kit/process/clock';
import { type Deferred, deferred } from '../deferred.ts';

/**
 * How long a step waits for a subscriber to reconnect after the last one disconnected. The client
 * may still be there behind a data-plane that reconnects: its four attempts take one second each,
 * and the pauses between them add up to 1.4 s.
 */
export const reconnectGraceMs = 7_000;

/** `finished`: the whole response was sent. */
export type Departure = 'finished' | 'disconnected';

/**
 * Counts the open responses of a step. A step without subscribers is cancelled if the last client
 * to disconnect had requested that; a client that joins or follows the events keeps it running.
 */
export class Subscribers {
  readonly #clock: Clock;
  #present = 0;
  #lastWish: ForwardedStep['on_disconnect'] = 'continue';
  #absence: { cancelGrace: () => void; over: Deferred<void> } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param wish what happens if this subscriber disconnects; undefined for one that only reads.
   * @param onAbandoned called if no subscriber reconnects in time, to end the step; has no effect
   * on a step that has ended.
   * @returns a function to call once, when the subscriber leaves.
   */
  join(
    wish: ForwardedStep['on_disconnect'] | undefined,
    onAbandoned: () => void,
  ): (how: Departure) => void {
    this.#present += 1;
    this.#absence?.cancelGrace();
    this.#absence?.over.resolve();
    this.#absence = undefined;
    return (how) => {
      this.#present -= 1;
      if (how === 'finished') return;
      this.#lastWish = wish ?? this.#lastWish;
      if (this.#present > 0 || this.#lastWish !== 'cancel') return;
      const cancelGrace = this.#clock.after(reconnectGraceMs, onAbandoned);
      this.#absence = { cancelGrace, over: deferred() };
    };
  }

  /**
   * Set while there are no subscribers and the step will be cancelled for that; resolves when a
   * subscriber reconnects.
   */
  get absence(): Promise<void> | undefined {
    return this.#absence?.over.promise;
  }
}
