import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { limits } from '@steppe/contracts/limits';
import { forwardedStepSchema } from '@steppe/contracts/step';
import { readJson } from '@steppe/service-kit/read-json';
import { refuseQuery } from '@steppe/service-kit/read-query';
import { requireSession } from '../../authenticate.ts';
import { answerEvents } from '../../steps/answer-events.ts';
import { answerForm } from '../../steps/answer-form.ts';
import { answerResult } from '../../steps/answer-result.ts';
import { type Operation, outgoingOf } from '../routes.ts';

/** Runs a step, or joins it where it was submitted before, and answers in the form that `Accept` asks for. */
export const runStep: Operation =
  ({ verifier, binding, clock }) =>
  async (c) => {
    const { queue } = await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    const request = await readJson(c.req.raw, forwardedStepSchema, { maxBytes: limits.requestBodyBytes });
    c.header('Steppe-Step-Id', request.step_id);
    clock.refuseExpired();
    const step = queue.submit(request);
    const outgoing = outgoingOf(c);
    if (request.on_disconnect === 'cancel') {
      outgoing.once('close', () => void (outgoing.writableFinished || queue.cancel(step)));
    }
    outgoing.setHeader('Steppe-Step-Id', request.step_id);
    const form = answerForm(c.req.header('accept'));
    if (form !== 'json') await answerEvents(step, form, 0, outgoing);
    else if (request.wait) await answerResult(step, outgoing);
    else return c.json(step.result(), 202);
    return RESPONSE_ALREADY_SENT;
  };
