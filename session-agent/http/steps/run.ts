import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { forwardedStepSchema } from '@steppe/contracts/step-request';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { resultText } from '../../steps/kept-result.ts';
import { requireWithinLimits } from '../../steps/step-limits.ts';
import { requireSession } from '../authenticate.ts';
import { type Operation, outgoingOf } from '../declared-routes.ts';
import { respondWhenReady } from '../responses/respond-when-ready.ts';
import { responseFormat } from '../responses/response-format.ts';
import { streamEvents } from '../responses/stream-events.ts';
import { sendJson } from './send-json.ts';

/**
 * Runs a step, or joins it where it was submitted before, and responds in the format that `Accept`
 * names.
 */
export const runStep: Operation =
  ({ verifier, binding, bodies, limits, clock }) =>
  async (c) => {
    const { queue, sessionId } = await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    clock.touch();
    const request = await bodies.hold(sessionId, (share) =>
      readJson(c, forwardedStepSchema, { maxBytes: limits.bodyBytes, share }),
    );
    c.header('Steppe-Step-Id', request.step_id);
    requireWithinLimits(request, limits);
    const step = queue.submit(request);
    const form = responseFormat(c.req.header('accept'));
    if (form === 'json' && !request.wait) return sendJson(c, resultText(step.result()), 202);
    const outgoing = outgoingOf(c);
    outgoing.setHeader('Steppe-Step-Id', request.step_id);
    step.subscribers.join(outgoing, request.on_disconnect, () => queue.cancel(step));
    if (form !== 'json')
      await streamEvents(step, outgoing, { form, after: 0, stallMs: limits.readerStallMs });
    else {
      await respondWhenReady(outgoing, step.ended.promise, (hasBegun) => {
        if (step.refusal && !hasBegun) throw step.refusal;
        return resultText(step.result());
      });
    }
    return RESPONSE_ALREADY_SENT;
  };
