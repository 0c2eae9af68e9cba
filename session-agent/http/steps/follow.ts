import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { stepEventsQuerySchema } from '@steppe/contracts/step-request';
import { parseInput } from '@steppe/service-kit/http/parse-input';
import { readQuery } from '@steppe/service-kit/http/read-query';
import { outgoingOf } from '../responses/outgoing.ts';
import { responseFormat } from '../responses/response-format.ts';
import { streamEvents } from '../responses/stream-events.ts';
import { sessionRoute } from '../route.ts';
import { subscribe } from './subscribe.ts';

/**
 * Replays a step's events after `after` (or `Last-Event-ID`), then follows it; as SSE unless the
 * client accepts NDJSON.
 */
export const followStep = sessionRoute(async (c, { journal, queue }, { limits, clock }) => {
  const query = parseInput(stepEventsQuerySchema, readQuery(c.req.url), 'query');
  const last = c.req.header('last-event-id');
  // An EventSource that reconnects uses the same URL, and sends its progress in the header.
  const { after = 0 } = !last
    ? query
    : parseInput(stepEventsQuerySchema, { after: last }, 'Last-Event-ID header');
  const step = journal.get(c.req.param('step_id') ?? '');
  const format = responseFormat(c.req.header('accept')) === 'ndjson' ? 'ndjson' : 'sse';
  const outgoing = outgoingOf(c);
  subscribe(outgoing, { step, queue });
  await streamEvents(step, outgoing, { format, after, stallMs: limits.readerStallMs, clock });
  return RESPONSE_ALREADY_SENT;
});
