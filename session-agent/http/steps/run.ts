import { forwardedStepSchema } from '@steppe/contracts/step-request';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { streamedResponse } from '@steppe/service-kit/http/call';
import { refuseQuery } from '@steppe/service-kit/http/parse-input';
import { resultText } from '../../steps/kept-result.ts';
import { requireWithinLimits } from '../../steps/step-limits.ts';
import { responseFormat } from '../responses/event-formats.ts';
import { respondRawJson, respondWhenReady } from '../responses/json-response.ts';
import { streamEvents } from '../responses/stream-events.ts';
import { sessionRoute } from '../route.ts';
import { subscribe } from './follow.ts';

/**
 * Runs a step, or joins it if it was submitted before, and responds in the format that `Accept`
 * names.
 */
export const runStep = sessionRoute(async (call, { queue, sessionId }, parts) => {
  const { bodies, limits, lifetime, clock } = parts;
  refuseQuery(call.search);
  lifetime.touch();
  const request = await bodies.hold(sessionId, (share) =>
    readJson(call, forwardedStepSchema, { maxBytes: limits.bodyBytes, share }),
  );
  call.headers['steppe-step-id'] = request.step_id;
  requireWithinLimits(request, limits);
  const step = queue.submit(request);
  const format = responseFormat(call.incoming.headers.accept);
  if (format === 'json' && !request.wait)
    return respondRawJson(call, resultText(step.result()), 202);
  const outgoing = streamedResponse(call);
  subscribe(outgoing, { step, queue, onDisconnect: request.on_disconnect });
  if (format !== 'json') {
    const { readerStallMs: stallMs } = limits;
    return streamEvents(step, outgoing, { format, after: 0, stallMs, clock });
  }
  const body = (hasBegun: boolean) => {
    if (step.refusal && !hasBegun) throw step.refusal;
    return resultText(step.result());
  };
  await respondWhenReady(outgoing, { clock, ready: step.ended.promise, body });
});

/** Interrupts a step: 202 with the result so far, or 200 with the result if it had ended before. */
export const cancelStep = sessionRoute((call, { journal, queue }, { lifetime }) => {
  refuseQuery(call.search);
  lifetime.touch();
  const step = journal.get(call.params.step_id ?? '');
  const { hasEnded } = step;
  queue.cancel(step);
  return respondRawJson(call, resultText(step.result()), hasEnded ? 200 : 202);
});
