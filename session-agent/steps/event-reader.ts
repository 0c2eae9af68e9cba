import { headerBytes, noBytes, readRecords, type Totals } from '../spool/record.ts';
import type { Segment } from '../spool/step-spool.ts';
import { describeLoss, type Known, lastKnown, recordItem, rememberedItem } from './event-item.ts';
import type { KeptEvent, StepEvents } from './step-events.ts';

/**
 * One reader of a step's events: it merges those in memory with the output in the spool, at its own
 * pace.
 */
export class EventReader {
  readonly #events: StepEvents;
  #nextSeq: number;
  /** The last event before the next one that was read, or that still exists. */
  #known: Known;
  #seen: StepEvents['remembered'] = [];
  #rememberedAt = 0;
  #place: { segment: Segment; offset: number; totals: Totals } | undefined;
  /** What was read from the spool and not taken yet. */
  #records: ReturnType<typeof recordItem>[] = [];

  /** @param after the seq of the event before the first one. */
  constructor(events: StepEvents, after: number) {
    this.#events = events;
    this.#nextSeq = after + 1;
    this.#known = after === 0 ? { seq: 0, totals: noBytes() } : lastKnown(events, after);
  }

  /**
   * The next events, about `maxBytes` of them; none if it has read all that exist. What the spool
   * no longer holds is told in its place.
   */
  async next(maxBytes: number): Promise<KeptEvent[]> {
    const taken: KeptEvent[] = [];
    for (let left = maxBytes; left > 0; ) {
      if (this.#remembered()?.seq !== this.#nextSeq) await this.#readAhead();
      // After the wait: what was emitted meanwhile may precede the record.
      const [record, remembered] = [this.#records[0], this.#remembered()];
      const isRecord = record && (!remembered || record.seq < remembered.seq);
      const item = isRecord ? record : remembered;
      if (!item) break;
      // Output that was written during the wait precedes the event: it is not lost.
      if (!record && this.#hasUnreadBefore(item.seq)) continue;
      if (isRecord) this.#records.shift();
      if (item.seq > this.#nextSeq) {
        const loss = describeLoss(this.#known, item);
        taken.push(...loss.filter(({ seq }) => seq >= this.#nextSeq));
      }
      taken.push(item.event);
      this.#known = { seq: item.seq, totals: item.after };
      this.#nextSeq = item.seq + 1;
      left -= item.bytes;
    }
    return taken;
  }

  #remembered() {
    const { remembered } = this.#events;
    if (remembered !== this.#seen) {
      this.#seen = remembered;
      this.#rememberedAt = 0;
    }
    while ((remembered[this.#rememberedAt]?.event.seq ?? this.#nextSeq) < this.#nextSeq)
      this.#rememberedAt += 1;
    const next = remembered[this.#rememberedAt];
    return next && rememberedItem(next);
  }

  /** Reads until there is a record, unless the spool has no more. */
  async #readAhead(): Promise<void> {
    while (this.#records.length === 0) {
      const place = this.#findPlace();
      if (!place) return;
      const { spool } = this.#events;
      const chunk = await spool.read(place.segment, place.offset);
      if (chunk.length === 0 && !place.segment.dropped) return;
      for (const record of readRecords(chunk)) {
        place.offset += headerBytes + record.bytes.length;
        const item = recordItem(record, place.totals);
        place.totals = item.after;
        if (item.seq >= this.#nextSeq) this.#records.push(item);
      }
    }
  }

  /** A segment has no gaps: one that begins before `seq` has output that is read before it. */
  #hasUnreadBefore(seq: number): boolean {
    const { segments } = this.#events.spool;
    return (
      seq > this.#nextSeq &&
      segments.some(({ firstSeq, lastSeq }) => firstSeq < seq && lastSeq >= this.#nextSeq)
    );
  }

  #findPlace() {
    const isUseless = ({ dropped, lastSeq }: Segment) => dropped || lastSeq < this.#nextSeq;
    if (this.#place && !isUseless(this.#place.segment)) return this.#place;
    const segment = this.#events.spool.segments.find((other) => !isUseless(other));
    this.#place = segment && { segment, offset: 0, totals: segment.start };
    return this.#place;
  }
}
