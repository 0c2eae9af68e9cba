import { emptyBuffer } from '../empty-buffer.ts';
import {
  channels,
  headerBytes,
  noBytes,
  type SpoolRecord,
  type Totals,
  writeHeader,
} from './record.ts';
import type { SpoolRoom } from './session-spool.ts';
import type { SpoolFile } from './spool-files.ts';

/** Output is written to the file in pieces of about this size; the last one stays in memory. */
const flushBytes = 64 * 1024;
/** The longest piece of output in one record. */
export const maxPieceBytes = 64 * 1024;
/** Room for the longest record. */
export const readBytes = headerBytes + maxPieceBytes;
const slotsPerFile = 64;
const firstPendingBytes = 1024;

/** Consecutive records, without a loss between them. */
export interface Segment {
  readonly slot: number;
  readonly isHead: boolean;
  readonly firstSeq: number;
  lastSeq: number;
  /** The bytes of each channel before its first record. */
  readonly start: Totals;
  /** The same after its last record. */
  readonly end: Totals;
  /** What of it is in the file; the rest is pending. */
  writtenBytes: number;
  /** Its records are gone, and its place in the file may be used again. */
  dropped: boolean;
}

/**
 * The output of one step: a file of 64 slots, and in memory an index with one segment for each. The
 * first half of the slots keeps the head. The other half is a ring that keeps the tail.
 *
 * Writes are synchronous: they go to the page cache, they keep the order of the output, and a disk
 * that is slower than the worker slows the worker down instead of filling the agent's memory. No
 * write fails its caller: what cannot be written is lost, which the numbers of the segments show.
 */
export class StepSpool {
  readonly #create: () => SpoolFile;
  readonly #room: SpoolRoom;
  readonly #slotBytes: number;
  readonly #totals = noBytes();
  /** The bytes of the file that each slot takes. */
  readonly #slots: number[] = [];
  #segments: Segment[] = [];
  /** The end of the current segment: records that are not in the file yet. */
  #pending = emptyBuffer;
  #pendingBytes = 0;
  #current: Segment | undefined;
  /** The end of the current segment when it was last written. */
  #writtenEnd: { lastSeq: number; totals: Totals } = { lastSeq: 0, totals: noBytes() };
  #file: SpoolFile | undefined;
  #removed = false;

  /** @param create creates the file, once there is much output. */
  constructor(create: () => SpoolFile, maxBytes: number, room: SpoolRoom) {
    this.#create = create;
    this.#room = room;
    this.#slotBytes = Math.floor(maxBytes / slotsPerFile);
  }

  /** Eight records of the longest pieces, or more, fill a slot: little of it stays empty. */
  get pieceBytes(): number {
    return Math.min(maxPieceBytes, Math.floor(this.#slotBytes / 8) - headerBytes);
  }

  /** In order. Readers must not change them. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get totals(): Readonly<Totals> {
    return this.#totals;
  }

  /** The bytes of each channel that it no longer holds. */
  get lost(): Totals {
    const lost = { ...this.#totals };
    for (const { start, end } of this.#segments)
      for (const channel of channels) lost[channel] -= end[channel] - start[channel];
    return lost;
  }

  get fileBytes(): number {
    return this.#slots.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The memory that it takes. */
  get memoryBytes(): number {
    return this.#pending.length;
  }

  /** @param record at most `pieceBytes` long, with a greater seq than the one before. */
  append(record: SpoolRecord): void {
    const size = headerBytes + record.bytes.length;
    const isFull = (segment: Segment): boolean =>
      segment.writtenBytes + this.#pendingBytes + size > this.#slotBytes;
    if (this.#current && isFull(this.#current)) this.#closeSegment();
    if (!this.#removed) this.#current ??= this.#nextSegment(record.seq);
    const segment = this.#current;
    this.#totals[record.channel] += record.bytes.length;
    if (!segment) return;
    this.#reserve(size);
    writeHeader(this.#pending, this.#pendingBytes, record);
    record.bytes.copy(this.#pending, this.#pendingBytes + headerBytes);
    this.#pendingBytes += size;
    segment.lastSeq = record.seq;
    segment.end[record.channel] += record.bytes.length;
    if (this.#pendingBytes >= flushBytes) this.#flush();
  }

  /**
   * The records of a segment from `offset`, at least one of them; empty at its end.
   * @param room for those that are in the file, at least `readBytes` long; unset: a new buffer.
   */
  async read(segment: Segment, offset: number, room?: Buffer): Promise<Buffer> {
    if (segment.dropped) return emptyBuffer;
    if (offset >= segment.writtenBytes) {
      if (segment !== this.#current) return emptyBuffer;
      // A copy: the next records may replace these.
      return Buffer.from(this.#pending.subarray(offset - segment.writtenBytes, this.#pendingBytes));
    }
    const length = Math.min(segment.writtenBytes - offset, room?.length ?? readBytes);
    const into = room?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    try {
      const chunk = await this.#file?.read(segment.slot * this.#slotBytes + offset, into);
      // Its place may have been used again meanwhile.
      if (segment.dropped) return emptyBuffer;
      if (chunk?.length === length) return chunk;
    } catch {}
    // Records that cannot be read, or of which the file has lost a part, are lost.
    this.#drop(segment);
    return emptyBuffer;
  }

  /** No more records come: takes no more memory than they need. */
  finish(): void {
    if (this.#pendingBytes < this.#pending.length)
      this.#pending = Buffer.from(this.#pending.subarray(0, this.#pendingBytes));
  }

  /** Drops all records, and removes the file. */
  remove(): void {
    this.#removed = true;
    for (const segment of this.#segments) segment.dropped = true;
    this.#segments = [];
    this.#current = undefined;
    this.#pending = emptyBuffer;
    this.#pendingBytes = 0;
    this.#slots.length = 0;
    this.#file?.remove();
    this.#file = undefined;
  }

  #nextSegment(firstSeq: number): Segment | undefined {
    const slot = this.#freeSlot();
    if (slot === undefined) return undefined;
    const [start, end] = [{ ...this.#totals }, { ...this.#totals }];
    const isHead = this.#segments.length < slotsPerFile / 2 && slot < slotsPerFile / 2;
    const segment = {
      ...{ slot, isHead, firstSeq, lastSeq: firstSeq - 1, start, end },
      ...{ writtenBytes: 0, dropped: false },
    };
    this.#segments.push(segment);
    this.#writtenEnd = { lastSeq: segment.lastSeq, totals: { ...end } };
    return segment;
  }

  #freeSlot(): number | undefined {
    const taken = new Set(this.#segments.map(({ slot }) => slot));
    for (let slot = 0; slot < slotsPerFile; slot += 1) if (!taken.has(slot)) return slot;
    const oldest = this.#segments.find(({ isHead }) => !isHead);
    if (oldest) this.#drop(oldest);
    return oldest?.slot;
  }

  #drop(segment: Segment): void {
    segment.dropped = true;
    this.#segments = this.#segments.filter((other) => other !== segment);
    if (segment !== this.#current) return;
    this.#current = undefined;
    this.#pendingBytes = 0;
  }

  #closeSegment(): void {
    this.#flush();
    this.#current = undefined;
  }

  /** Writes what is pending, or drops it. */
  #flush(): void {
    const segment = this.#current;
    if (!segment || this.#pendingBytes === 0) return;
    const bytes = this.#pending.subarray(0, this.#pendingBytes);
    this.#pendingBytes = 0;
    if (this.#write(segment, bytes)) {
      segment.writtenBytes += bytes.length;
      this.#writtenEnd = { lastSeq: segment.lastSeq, totals: { ...segment.end } };
      return;
    }
    segment.lastSeq = this.#writtenEnd.lastSeq;
    Object.assign(segment.end, this.#writtenEnd.totals);
    if (segment.writtenBytes === 0) this.#drop(segment);
    this.#current = undefined;
  }

  /** @returns false if there is no room, or the disk is full or broken. */
  #write({ slot, writtenBytes }: Segment, bytes: Buffer): boolean {
    const had = this.#slots[slot] ?? 0;
    const growth = Math.max(0, writtenBytes + bytes.length - had);
    if (!this.#room.reserve(growth)) return false;
    try {
      this.#file ??= this.#create();
      this.#file.write(bytes, slot * this.#slotBytes + writtenBytes);
      for (let other = this.#slots.length; other <= slot; other += 1) this.#slots[other] = 0;
      this.#slots[slot] = had + growth;
      return true;
    } catch (error) {
      this.#room.release(growth);
      this.#room.onWriteError(error);
      return false;
    }
  }

  #reserve(size: number): void {
    const needed = this.#pendingBytes + size;
    if (needed <= this.#pending.length) return;
    const larger = Buffer.allocUnsafeSlow(
      Math.max(needed, firstPendingBytes, 2 * this.#pending.length),
    );
    this.#pending.copy(larger, 0, 0, this.#pendingBytes);
    this.#pending = larger;
  }
}
