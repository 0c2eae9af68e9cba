import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { limits } from '@steppe/contracts/limits';
import type { CutOffLine } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Step } from '../../steps/step.ts';
import { eventFormats } from './event-formats.ts';

/** Memory per reader: about this many bytes, or one larger event. */
const batchBytes = 64 * 1024;

const cutOffMessages: Record<CutOffLine['reason'], string> = {
  slow_reader:
    'nothing was read for too long; resume with ?after= and the last seq that was received',
  forgotten: 'the step has ended and its events are no longer kept',
};

export interface StreamOptions {
  format: 'sse' | 'ndjson';
  /** The stream begins after this seq. */
  after: number;
  /** How long a reader may read nothing while events are waiting for it. */
  stallMs: number;
  clock: Clock;
}

/**
 * Streams the step's events after `after`: replays those that exist, then follows until the last.
 * Each reader has its own pace, so that a slow one does not delay the others. A reader that stalls,
 * or is so late that the journal has dropped the step, gets a last line and is cut off.
 */
export async function streamEvents(
  step: Step,
  outgoing: ServerResponse,
  { format, after, stallMs, clock }: StreamOptions,
): Promise<void> {
  const { contentType, keepalive, cutOff } = eventFormats[format];
  outgoing.writeHead(200, {
    'Content-Type': contentType,
    'Cache-Control': 'no-cache',
    'X-Accel-Buffering': 'no',
  });
  outgoing.flushHeaders();
  const beat = (): void => {
    if (!outgoing.writableNeedDrain) outgoing.write(keepalive);
  };
  let stopBeat = clock.every(limits.keepaliveMs, beat);
  const closed = once(outgoing, 'close');
  // Node treats a connection as active as long as the peer reads any part of a write.
  const stalled = new Promise<'stalled'>((resolve) =>
    outgoing.setTimeout(stallMs).once('timeout', () => resolve('stalled')),
  );
  let isNew = false;
  let wake: () => void = () => {};
  const stop = step.onEvent(() => {
    isNew = true;
    wake();
  });
  const reader = step.readEvents(after);
  try {
    while (!outgoing.destroyed) {
      isNew = false;
      const events = await reader.next(batchBytes);
      if (step.forgotten) return void outgoing.write(cutOff(cutOffLine('forgotten')));
      if (events.length === 0) {
        if (isNew) continue;
        if (step.hasEnded) return;
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), closed]);
        continue;
      }
      const text = events.map((event) => eventFormats[format].event(event)).join('');
      stopBeat();
      stopBeat = clock.every(limits.keepaliveMs, beat);
      if (outgoing.write(text)) continue;
      const how = await Promise.race([once(outgoing, 'drain'), closed, stalled]);
      if (how !== 'stalled') continue;
      // The second timeout has no listener, so Node closes the connection.
      return void outgoing.setTimeout(stallMs).write(cutOff(cutOffLine('slow_reader')));
    }
  } finally {
    stopBeat();
    stop();
    outgoing.end();
  }
}

const cutOffLine = (reason: CutOffLine['reason']): CutOffLine => ({
  type: 'cut_off',
  reason,
  message: cutOffMessages[reason],
});
