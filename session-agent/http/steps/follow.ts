import type { ServerResponse } from 'node:http';
import { type ForwardedStep, stepEventsQuerySchema } from '@steppe/contracts/step-request';
import { streamedResponse } from '@steppe/service-kit/http/call';
import { parseInput, readQuery } from '@steppe/service-kit/http/parse-input';
import type { Step } from '../../steps/step.ts';
import type { StepQueue } from '../../steps/step-queue.ts';
import { responseFormat } from '../responses/event-formats.ts';
import { streamEvents } from '../responses/stream-events.ts';
import { sessionRoute } from '../route.ts';

/**
 * Replays a step's events after `after` (or `Last-Event-ID`), then follows it; as SSE unless the
 * client accepts NDJSON.
 */
export const followStep = sessionRoute(async (call, { journal, queue }, { limits, clock }) => {
  const query = parseInput(stepEventsQuerySchema, readQuery(call.search), 'query');
  const last = call.incoming.headers['last-event-id'];
  // An EventSource that reconnects uses the same URL, and sends its progress in the header.
  const { after = 0 } = !last
    ? query
    : parseInput(stepEventsQuerySchema, { after: last }, 'Last-Event-ID header');
  const step = journal.get(call.params.step_id ?? '');
  const format = responseFormat(call.incoming.headers.accept) === 'ndjson' ? 'ndjson' : 'sse';
  const outgoing = streamedResponse(call);
  subscribe(outgoing, { step, queue });
  await streamEvents(step, outgoing, { format, after, stallMs: limits.readerStallMs, clock });
});

interface Subscription {
  step: Step;
  queue: StepQueue;
  /** Undefined for a client that only reads. */
  onDisconnect?: ForwardedStep['on_disconnect'] | undefined;
}

/** Counts the response among the step's subscribers for as long as its connection is open. */
export function subscribe(
  outgoing: ServerResponse,
  { step, queue, onDisconnect }: Subscription,
): void {
  const leave = step.subscribers.join(onDisconnect, () => queue.cancel(step));
  outgoing.once('close', () => leave(outgoing.writableFinished ? 'finished' : 'disconnected'));
}
