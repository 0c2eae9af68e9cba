import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { stepEventsQuerySchema } from '@steppe/contracts/step-request';
import { parseInput } from '@steppe/service-kit/http/parse-input';
import { readQuery } from '@steppe/service-kit/http/read-query';
import { requireSession } from '../authenticate.ts';
import { type Operation, outgoingOf } from '../declared-routes.ts';
import { responseFormat } from '../responses/response-format.ts';
import { streamEvents } from '../responses/stream-events.ts';

/**
 * Replays a step's events after `after` (or `Last-Event-ID`), then follows; as SSE unless NDJSON is
 * requested.
 */
export const followStep: Operation =
  ({ verifier, binding, limits }) =>
  async (c) => {
    const { journal, queue } = await requireSession(c, verifier, binding);
    const query = parseInput(stepEventsQuerySchema, readQuery(c.req.url), 'query');
    const last = c.req.header('last-event-id');
    // An EventSource that connects again keeps its URL, and says in the header how far it has come
    // since.
    const { after = 0 } = !last
      ? query
      : parseInput(stepEventsQuerySchema, { after: last }, 'Last-Event-ID header');
    const step = journal.get(c.req.param('step_id') ?? '');
    const form = responseFormat(c.req.header('accept')) === 'ndjson' ? 'ndjson' : 'sse';
    const outgoing = outgoingOf(c);
    step.subscribers.join(outgoing, undefined, () => queue.cancel(step));
    await streamEvents(step, outgoing, { form, after, stallMs: limits.readerStallMs });
    return RESPONSE_ALREADY_SENT;
  };
