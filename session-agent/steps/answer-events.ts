import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { limits } from '@steppe/contracts/limits';
import type { StepEvent } from '@steppe/contracts/step';
import type { Step } from './step.ts';

interface EventForm {
  contentType: string;
  write(event: StepEvent): string;
  keepalive: string;
}

const eventForms: Record<'sse' | 'ndjson', EventForm> = {
  sse: {
    contentType: 'text/event-stream',
    write: (event) => `event: ${event.type}\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`,
    keepalive: ': keepalive\n\n',
  },
  ndjson: {
    contentType: 'application/x-ndjson',
    write: (event) => `${JSON.stringify(event)}\n`,
    keepalive: '{"type":"keepalive"}\n',
  },
};

/**
 * Streams the step's events after `after`: replays, then follows until the last. Each reader goes at its own pace over the
 * journal's events, so a slow one holds up nobody and costs no memory of its own.
 */
export async function answerEvents(step: Step, form: 'sse' | 'ndjson', after: number, outgoing: ServerResponse): Promise<void> {
  const { contentType, write, keepalive } = eventForms[form];
  outgoing.writeHead(200, { 'Content-Type': contentType, 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' });
  outgoing.flushHeaders();
  const beat = setInterval(() => outgoing.write(keepalive), limits.keepaliveMs);
  const closed = once(outgoing, 'close');
  let wake: () => void = () => {};
  const stop = step.onEvent(() => wake());
  try {
    for (let next = after; !outgoing.destroyed; ) {
      const batch = step.events.slice(next, next + 64);
      next += batch.length;
      const last = batch.at(-1);
      if (!last) {
        if (step.events.at(-1)?.type === 'step_ended') break;
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), closed]);
        continue;
      }
      beat.refresh();
      const room = outgoing.write(batch.map(write).join(''));
      if (last.type === 'step_ended') break;
      if (!room) await Promise.race([once(outgoing, 'drain'), closed]);
    }
  } finally {
    clearInterval(beat);
    stop();
    outgoing.end();
  }
}
