import type { OutputStream } from '@steppe/contracts/step';
import { channels, noBytes, type SpoolRecord, type Totals } from '../spool/record.ts';
import { isoTime } from './iso-time.ts';
import type { KeptEvent, Remembered, StepEvents } from './step-events.ts';

/** An event that exists, and the output up to it. */
interface Item {
  seq: number;
  at: string;
  event: KeptEvent;
  /** Roughly its size. */
  bytes: number;
  before: Readonly<Totals>;
  after: Readonly<Totals>;
}

/** How far a reader has come. */
export type Known = Pick<Item, 'seq'> & { totals: Readonly<Totals> };

const eventBytes = 100;

/** @param before the bytes of each channel before the record. */
export function recordItem(record: SpoolRecord, before: Readonly<Totals>): Item {
  const { channel, seq, atMs, bytes } = record;
  const at = isoTime(atMs);
  const text = bytes.toString('utf8');
  const stream = streamOf(channel);
  const event: KeptEvent = channel.startsWith('background')
    ? { type: 'background', stream, text, seq, at }
    : { type: stream, text, seq, at };
  const after = { ...before, [channel]: before[channel] + bytes.length };
  return { seq, at, event, bytes: bytes.length + eventBytes, before, after };
}

export function rememberedItem({ event, totals }: Remembered): Item {
  const bytes = event.type === 'result' ? event.bundle.length : eventBytes;
  return { seq: event.seq, at: event.at, event, bytes, before: totals, after: totals };
}

/** The last event up to `seq` that still exists, and the output up to it. */
export function lastKnown({ remembered, spool }: StepEvents, seq: number): Known {
  const known: { seq: number; totals: Totals } = { seq: 0, totals: noBytes() };
  const note = (lastSeq: number, totals: Readonly<Totals>): void => {
    known.seq = Math.max(known.seq, lastSeq);
    for (const channel of channels)
      known.totals[channel] = Math.max(known.totals[channel], totals[channel]);
  };
  for (const { event, totals } of remembered) if (event.seq <= seq) note(event.seq, totals);
  for (const segment of spool.segments)
    if (segment.firstSeq <= seq) note(Math.min(seq, segment.lastSeq), segment.end);
  return known;
}

/**
 * The events that stand for those between `known` and `next`, which the spool no longer holds. The
 * last one has the seq of the last event that is lost: each kind of loss was at least one event.
 */
export function describeLoss({ seq, totals }: Known, next: Item): KeptEvent[] {
  const { at } = next;
  const lost = (channel: keyof Totals): number =>
    Math.max(0, next.before[channel] - totals[channel]);
  const events: ((seq: number) => KeptEvent)[] = [];
  for (const channel of ['background_stdout', 'background_stderr'] as const) {
    const stream = streamOf(channel);
    const bytes = lost(channel);
    if (bytes > 0)
      events.push((own) => ({ type: 'background_dropped', stream, bytes, seq: own, at }));
  }
  const [stdout_bytes, stderr_bytes] = [lost('stdout'), lost('stderr')];
  const first_seq = seq + 1;
  if (stdout_bytes + stderr_bytes > 0 || events.length === 0)
    events.push((own) => ({
      ...{ type: 'output_dropped', stdout_bytes, stderr_bytes, first_seq },
      ...{ seq: own, at },
    }));
  const firstSeq = next.seq - events.length;
  return events.map((create, index) => create(firstSeq + index));
}

const streamOf = (channel: keyof Totals): OutputStream =>
  channel.endsWith('stderr') ? 'stderr' : 'stdout';
