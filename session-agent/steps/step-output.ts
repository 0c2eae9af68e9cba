import type { OutputStream, StepSummary } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import { asRawJson, mergeObjects, type RawJson, toRawJson } from '../protocol/raw-json.ts';
import { PieceStreams } from './piece-stream.ts';
import { eventBytes, type StepEvents } from './step-events.ts';
import type { StepLimits } from './step-limits.ts';

/** Code that shows things in a loop must not fill the memory with notices. */
const maxNoticeBytes = 64 * 1024;
const lastNotice = toRawJson({ 'text/plain': '[more results omitted, each without a notice]' });
const mainResult = asRawJson('{"is_main_result":true}');

/** What a step's code prints and shows, within the limits of one step, as events. */
export class StepOutput {
  readonly #events: StepEvents;
  readonly #limits: StepLimits;
  readonly #clock: Clock;
  /** Created by the first output, and gone after the end: the journal keeps many steps. */
  #streams: PieceStreams | undefined;
  #resultBytes = 0;
  #resultsTruncated = false;
  #noticeBytes = 0;
  /** Something was cleared since cleared results were last dropped. */
  #hasCleared = false;

  constructor(events: StepEvents, clock: Clock, limits: StepLimits) {
    this.#events = events;
    this.#limits = limits;
    this.#clock = clock;
  }

  get truncated(): StepSummary['truncated'] {
    const { lost, windows } = this.#events;
    const isCut = (stream: OutputStream): boolean =>
      lost[stream] > 0 || windows[stream]?.isCut === true;
    return { stdout: isCut('stdout'), stderr: isCut('stderr'), results: this.#resultsTruncated };
  }

  push(stream: OutputStream, bytes: Buffer): void {
    this.#streams ??= new PieceStreams(this.#clock, (from, piece) =>
      this.#events.write(from, piece),
    );
    this.#streams.push(stream, bytes);
  }

  /** Emits what waits for more output. */
  flush(): void {
    this.#streams?.flush();
  }

  /**
   * Text that was printed before the bundle precedes it. The main result is kept in any case; a
   * notice takes the place of another one that exceeds the limit.
   * @param truncated the driver had to reduce the bundle to its text.
   */
  display(bundle: RawJson, isMainResult: boolean, truncated: boolean): void {
    this.flush();
    this.#resultsTruncated ||= truncated;
    const bytes = Buffer.byteLength(bundle);
    if (this.#hasCleared && this.#resultBytes + bytes > this.#limits.resultBytes) {
      this.#dropCleared(true);
      this.#hasCleared = false;
    }
    if (!isMainResult && this.#resultBytes + bytes > this.#limits.resultBytes) {
      this.#omitResult(bytes);
      return;
    }
    this.#resultBytes += bytes;
    const shown = isMainResult ? mergeObjects(bundle, mainResult) : bundle;
    this.#events.emit({ type: 'result', bundle: shown }, bytes);
  }

  /** What was shown before is no longer in the result; `wait`: once something else follows. */
  clear(wait: boolean): void {
    this.flush();
    if (this.#events.endsWithClear(wait)) return;
    this.#events.emit({ type: 'clear_output', wait }, 0);
    this.#hasCleared = true;
    this.#resultBytes += eventBytes;
    if (this.#resultBytes > this.#limits.resultBytes) this.#dropCleared(false);
  }

  /** Results that were cleared are kept for readers of events only while all of them fit. */
  #dropCleared(isShowing: boolean): void {
    this.#resultBytes = this.#events.dropCleared(isShowing);
  }

  #omitResult(bytes: number): void {
    this.#resultsTruncated = true;
    if (this.#noticeBytes > maxNoticeBytes) return;
    const why = `the results of a step may have ${this.#limits.resultBytes} bytes in all`;
    const notice = toRawJson({ 'text/plain': `[result of ${bytes} bytes omitted: ${why}]` });
    this.#noticeBytes += notice.length;
    const isLast = this.#noticeBytes > maxNoticeBytes;
    this.#events.emit({ type: 'result', bundle: isLast ? lastNotice : notice });
  }

  /** Emits what is still held back. */
  end(): void {
    this.#streams?.end();
    this.#streams = undefined;
  }
}
