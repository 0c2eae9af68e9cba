import type { StepEvent } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import { mergeObjects, type RawJson, toRawJson } from '../protocol/raw-json.ts';
import type { Channel, Totals } from '../spool/record.ts';
import type { OwnedSpool } from '../spool/session-spool.ts';
import type { StepSpool } from '../spool/step-spool.ts';
import { countCleared, writtenBytes } from './cleared-results.ts';
import { isoTime } from './iso-time.ts';
import { incompleteEnd, type OutputWindow } from './output-window.ts';
import { memoryOf, type OutputWindows } from './output-windows.ts';

type ResultEvent = Extract<StepEvent, { type: 'result' }>;
type OutputType = 'stdout' | 'stderr' | 'background' | 'output_dropped' | 'background_dropped';

/** An event as it is sent: a bundle stays the JSON text that the driver created. */
export type KeptEvent =
  | Exclude<StepEvent, { type: 'result' }>
  | (Pick<ResultEvent, 'type' | 'seq' | 'at'> & { bundle: RawJson });

/** An event that is kept in memory; output is in the spool. */
export type MemoryEvent = Exclude<KeptEvent, { type: OutputType }>;

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
export const eventBytes = 200;

/** An event in memory, and the output that precedes it. */
export interface Remembered {
  event: MemoryEvent;
  totals: Readonly<Totals>;
}

interface StepEventsOptions {
  clock: Clock;
  spool: OwnedSpool;
  /** Called when the first output of a channel comes. */
  openWindow: (channel: Channel) => OutputWindow;
  /** Called with the memory that each event takes. */
  onGrowth: (bytes: number) => void;
  /** The number of the event before the first one. */
  after?: number;
}

/** The events of a step, numbered without gaps, and the listeners for the next one. */
export class StepEvents {
  /** The journal has dropped the events. */
  forgotten = false;
  readonly #clock: Clock;
  readonly #onGrowth: (bytes: number) => void;
  readonly #listeners = new Set<() => void>();
  #owned: OwnedSpool;
  #remembered: Remembered[] = [];
  #lastSeq: number;
  readonly #openWindow: (channel: Channel) => OutputWindow;
  readonly #windows: OutputWindows = {};
  /** The memory of spool and windows, as it was last counted. */
  #outputMemory = 0;
  #lostAtEnd: Totals | undefined;

  constructor({ clock, spool, openWindow, onGrowth, after = 0 }: StepEventsOptions) {
    this.#clock = clock;
    this.#owned = spool;
    this.#openWindow = openWindow;
    this.#onGrowth = onGrowth;
    this.#lastSeq = after;
  }

  /** All but the output, in order. */
  get remembered(): readonly Remembered[] {
    return this.#remembered;
  }

  get spool(): StepSpool {
    return this.#owned.spool;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get windows(): Readonly<OutputWindows> {
    return this.#windows;
  }

  /** The bytes that the spool could not keep; what it drops after the step's end does not count. */
  get lost(): Readonly<Totals> {
    return this.#lostAtEnd ?? this.spool.lost;
  }

  /** Takes the event over. */
  emit(event: Unnumbered<MemoryEvent>, bytes = sizeOf(event)): void {
    this.#lastSeq += 1;
    const at = isoTime(this.#clock.now());
    // The number and the time are all that an unnumbered event lacks.
    const numbered = Object.assign(event, { seq: this.#lastSeq, at }) as MemoryEvent;
    this.#remembered.push({ event: numbered, totals: { ...this.spool.totals } });
    this.#onGrowth(bytes + eventBytes);
    this.#notify();
  }

  /** @param piece whole characters. */
  write(channel: Channel, piece: Buffer): void {
    const { pieceBytes } = this.spool;
    for (let start = 0; start < piece.length; ) {
      const most = piece.subarray(start, start + pieceBytes);
      const isLast = start + most.length === piece.length;
      const bytes = isLast ? most : most.subarray(0, most.length - incompleteEnd(most));
      this.#lastSeq += 1;
      this.spool.append({ channel, seq: this.#lastSeq, atMs: this.#clock.now(), bytes });
      start += bytes.length;
    }
    this.#windows[channel] ??= this.#openWindow(channel);
    this.#windows[channel].push(piece);
    this.#countOutput();
    this.#notify();
  }

  /** Continues with background output whose events were numbered from the next one on. */
  adopt(backlog: StepEvents): void {
    this.#owned.remove();
    this.#owned = backlog.#owned;
    Object.assign(this.#windows, backlog.#windows);
    this.#remembered.push(...backlog.#remembered);
    this.#lastSeq = backlog.#lastSeq;
    for (const { event } of backlog.#remembered) this.#onGrowth(sizeOf(event) + eventBytes);
    this.#countOutput();
    this.#notify();
  }

  /** How many of the remembered events precede the last `clear_output` that has taken effect. */
  get cleared(): number {
    return countCleared(this.#remembered, writtenBytes(this.spool.totals));
  }

  /** Nothing came after a `clear_output` of that kind. */
  endsWithClear(wait: boolean): boolean {
    const last = this.#remembered.at(-1)?.event;
    return last?.type === 'clear_output' && last.wait === wait && last.seq === this.#lastSeq;
  }

  /**
   * Drops cleared results and earlier marks: a reader who has not read them gets an
   * `output_dropped`.
   * @param isShowing another result follows at once.
   * @returns the bytes of the results that are left.
   */
  dropCleared(isShowing: boolean): number {
    const written = isShowing ? Number.POSITIVE_INFINITY : writtenBytes(this.spool.totals);
    const cleared = countCleared(this.#remembered, written);
    let left = 0;
    // A new array, by which readers know that their place has moved.
    this.#remembered = this.#remembered.filter(({ event }, index) => {
      const bytes = event.type === 'result' ? Buffer.byteLength(event.bundle) : 0;
      const isDropped =
        index < cleared && (event.type === 'result' || event.type === 'clear_output');
      if (isDropped) this.#onGrowth(-bytes - eventBytes);
      else left += bytes;
      return !isDropped;
    });
    return left;
  }

  /** No more events come. */
  finish(): void {
    this.#lostAtEnd = this.spool.lost;
    this.#owned.finish();
    this.#countOutput();
  }

  /** Drops all events and wakes the readers. */
  forget(): void {
    this.forgotten = true;
    this.#remembered = [];
    this.#owned.remove();
    this.#notify();
  }

  /** Calls `listener` after each new event. @returns a function that removes it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #countOutput(): void {
    const bytes = this.spool.memoryBytes + memoryOf(this.#windows);
    if (bytes === this.#outputMemory) return;
    const growth = bytes - this.#outputMemory;
    this.#outputMemory = bytes;
    this.#onGrowth(growth);
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
