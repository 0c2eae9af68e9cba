import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { forwardedStepSchema } from '@steppe/contracts/step-request';
import { readJson } from '@steppe/service-kit/read-json';
import { refuseQuery } from '@steppe/service-kit/read-query';
import { requireSession } from '../../authenticate.ts';
import { answerEvents } from '../../steps/answer-events.ts';
import { answerForm } from '../../steps/answer-form.ts';
import { answerWhenReady } from '../../steps/answer-when-ready.ts';
import { resultText } from '../../steps/kept-result.ts';
import { requireWithinLimits } from '../../steps/step-limits.ts';
import { type Operation, outgoingOf } from '../routes.ts';
import { sendJson } from './send-json.ts';

/** Runs a step, or joins it where it was submitted before, and answers in the form that `Accept` asks for. */
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
    const form = answerForm(c.req.header('accept'));
    if (form === 'json' && !request.wait) return sendJson(c, resultText(step.result()), 202);
    const outgoing = outgoingOf(c);
    outgoing.setHeader('Steppe-Step-Id', request.step_id);
    step.audience.join(outgoing, request.on_disconnect, () => queue.cancel(step));
    if (form !== 'json') await answerEvents(step, outgoing, { form, after: 0, stallMs: limits.readerStallMs });
    else {
      await answerWhenReady(outgoing, step.ended.promise, (hasBegun) => {
        if (step.refusal && !hasBegun) throw step.refusal;
        return resultText(step.result());
      });
    }
    return RESPONSE_ALREADY_SENT;
  };
