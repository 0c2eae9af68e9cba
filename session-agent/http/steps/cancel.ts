import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { resultText } from '../../steps/kept-result.ts';
import { requireSession } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';
import { sendJson } from './send-json.ts';

/** Interrupts a step: 202 with the result so far, 200 with the unchanged result if it had ended. */
export const cancelStep: Operation =
  ({ verifier, binding, clock }) =>
  async (c) => {
    const { journal, queue } = await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    clock.touch();
    const step = journal.get(c.req.param('step_id') ?? '');
    const { hasEnded } = step;
    queue.cancel(step);
    return sendJson(c, resultText(step.result()), hasEnded ? 200 : 202);
  };
