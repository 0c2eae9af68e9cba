import type { StepEvent } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import { mergeObjects, type RawJson, toRawJson } from '../protocol/raw-json.ts';

type ResultEvent = Extract<StepEvent, { type: 'result' }>;

/** An event as a step keeps it: a bundle stays the JSON text that the driver created. */
export type KeptEvent =
  | Exclude<StepEvent, { type: 'result' }>
  | (Pick<ResultEvent, 'type' | 'seq' | 'at'> & { bundle: RawJson });

/**
 * The event as clients get it. A bundle has none of the event's keys: `readBundle` checked that.
 */
export function eventText(event: KeptEvent): RawJson {
  if (event.type !== 'result') return toRawJson(event);
  const { type, bundle, seq, at } = event;
  return mergeObjects(toRawJson({ type }), bundle, toRawJson({ seq, at }));
}

/** An event before it gets its number and its time. */
type Unnumbered<E> = E extends unknown ? Omit<E, 'seq' | 'at'> : never;

/** The cost of an event besides its text. */
const eventBytes = 200;

/** The events of a step, numbered without gaps, and the listeners for the next one. */
export class StepEvents {
  readonly all: KeptEvent[] = [];
  /** The journal has dropped the events. */
  forgotten = false;
  readonly #clock: Clock;
  readonly #onGrowth: (bytes: number) => void;
  readonly #listeners = new Set<() => void>();

  /** @param onGrowth called with the memory that each event takes. */
  constructor(clock: Clock, onGrowth: (bytes: number) => void) {
    this.#clock = clock;
    this.#onGrowth = onGrowth;
  }

  emit(event: Unnumbered<KeptEvent>, bytes = sizeOf(event)): void {
    // The number and the time are all that an unnumbered event lacks.
    this.all.push({
      ...event,
      seq: this.all.length + 1,
      at: new Date(this.#clock.now()).toISOString(),
    } as KeptEvent);
    this.#onGrowth(bytes + eventBytes);
    this.#notify();
  }

  /** Drops all events and wakes the readers. */
  forget(): void {
    this.forgotten = true;
    this.all.length = 0;
    this.#notify();
  }

  /** Calls `listener` after each new event. @returns a function that removes it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The bytes of an object's strings, which are the only large part. */
export function sizeOf(value: object): number {
  let bytes = 0;
  for (const field of Object.values(value)) {
    if (typeof field === 'string') bytes += Buffer.byteLength(field);
    else if (typeof field === 'object' && field !== null) bytes += sizeOf(field);
  }
  return bytes;
}
