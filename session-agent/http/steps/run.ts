import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { forwardedStepSchema } from '@steppe/contracts/step-request';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { refuseQuery } from '@steppe/service-kit/http/parse-input';
import { resultText } from '../../steps/kept-result.ts';
import { requireWithinLimits } from '../../steps/step-limits.ts';
import { responseFormat } from '../responses/event-formats.ts';
import { outgoingOf, respondWhenReady, sendJson } from '../responses/json-response.ts';
import { streamEvents } from '../responses/stream-events.ts';
import { sessionRoute } from '../route.ts';
import { subscribe } from './follow.ts';

/**
 * Runs a step, or joins it if it was submitted before, and responds in the format that `Accept`
 * names.
 */
export const runStep = sessionRoute(async (c, { queue, sessionId }, parts) => {
  const { bodies, limits, lifetime, clock } = parts;
  refuseQuery(c.req.url);
  lifetime.touch();
  const request = await bodies.hold(sessionId, (share) =>
    readJson(c, forwardedStepSchema, { maxBytes: limits.bodyBytes, share }),
  );
  c.header('Steppe-Step-Id', request.step_id);
  requireWithinLimits(request, limits);
  const step = queue.submit(request);
  const format = responseFormat(c.req.header('accept'));
  if (format === 'json' && !request.wait) return sendJson(c, resultText(step.result()), 202);
  const outgoing = outgoingOf(c);
  outgoing.setHeader('Steppe-Step-Id', request.step_id);
  subscribe(outgoing, { step, queue, onDisconnect: request.on_disconnect });
  if (format !== 'json') {
    const { readerStallMs: stallMs } = limits;
    await streamEvents(step, outgoing, { format, after: 0, stallMs, clock });
    return RESPONSE_ALREADY_SENT;
  }
  const body = (hasBegun: boolean) => {
    if (step.refusal && !hasBegun) throw step.refusal;
    return resultText(step.result());
  };
  await respondWhenReady(outgoing, { clock, ready: step.ended.promise, body });
  return RESPONSE_ALREADY_SENT;
});

/** Interrupts a step: 202 with the result so far, or 200 with the result if it had ended before. */
export const cancelStep = sessionRoute((c, { journal, queue }, { lifetime }) => {
  refuseQuery(c.req.url);
  lifetime.touch();
  const step = journal.get(c.req.param('step_id') ?? '');
  const { hasEnded } = step;
  queue.cancel(step);
  return sendJson(c, resultText(step.result()), hasEnded ? 200 : 202);
});
