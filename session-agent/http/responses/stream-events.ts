import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { limits } from '@steppe/contracts/limits';
import type { CutOffLine } from '@steppe/contracts/step';
import type { Step } from '../../steps/step.ts';
import { type EventForm, eventForms } from './event-formats.ts';

/** A reader has at most about so much of its own in memory, or one event. */
const batchLength = 64 * 1024;

const cutOffMessages: Record<CutOffLine['reason'], string> = {
  slow_reader:
    'you read nothing for too long; resume after the last seq that you have, with ?after=',
  forgotten: 'the step has ended and its events are no longer kept',
};

export interface StreamOptions {
  form: 'sse' | 'ndjson';
  /** The seq after which to begin. */
  after: number;
  /** How long a reader may take nothing, although there is something for it. */
  stallMs: number;
}

/**
 * Streams the step's events after `after`: replays, then follows until the last. Each reader goes
 * at its own pace over the journal's events, so a slow one holds up nobody. One that takes nothing,
 * or is so late that the journal has let go of the step, is reported and cut off.
 */
export async function streamEvents(
  step: Step,
  outgoing: ServerResponse,
  { form, after, stallMs }: StreamOptions,
): Promise<void> {
  const { contentType, keepalive, cutOff } = eventForms[form];
  outgoing.writeHead(200, {
    'Content-Type': contentType,
    'Cache-Control': 'no-cache',
    'X-Accel-Buffering': 'no',
  });
  outgoing.flushHeaders();
  const beat = setInterval(
    () => outgoing.writableNeedDrain || outgoing.write(keepalive),
    limits.keepaliveMs,
  );
  const closed = once(outgoing, 'close');
  // Node counts a write of which the peer takes any part as activity.
  const stalled = new Promise<'stalled'>((resolve) =>
    outgoing.setTimeout(stallMs).once('timeout', () => resolve('stalled')),
  );
  let wake: () => void = () => {};
  const stop = step.onEvent(() => wake());
  try {
    for (let next = after; !outgoing.destroyed; ) {
      if (step.forgotten) return void outgoing.write(cutOff(cutOffLine('forgotten')));
      const { text, end } = takeBatch(step, next, eventForms[form]);
      next = end;
      if (text === '') {
        if (step.hasEnded) return;
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), closed]);
        continue;
      }
      beat.refresh();
      if (outgoing.write(text)) continue;
      const how = await Promise.race([once(outgoing, 'drain'), closed, stalled]);
      if (how !== 'stalled') continue;
      // Nobody listens to a second time-out, and so it ends the connection.
      return void outgoing.setTimeout(stallMs).write(cutOff(cutOffLine('slow_reader')));
    }
  } finally {
    clearInterval(beat);
    stop();
    outgoing.end();
  }
}

/** The events from index `start` on, as far as they fit into a batch. */
function takeBatch(step: Step, start: number, form: EventForm): { text: string; end: number } {
  let text = '';
  let end = start;
  for (let event = step.events[end]; event && text.length < batchLength; event = step.events[end]) {
    text += form.event(event);
    end += 1;
  }
  return { text, end };
}

const cutOffLine = (reason: CutOffLine['reason']): CutOffLine => ({
  type: 'cut_off',
  reason,
  message: cutOffMessages[reason],
});
