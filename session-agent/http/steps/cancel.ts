import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { resultText } from '../../steps/kept-result.ts';
import { sendJson } from '../responses/outgoing.ts';
import { sessionRoute } from '../route.ts';

/** Interrupts a step: 202 with the result so far, or 200 with the result if it had ended before. */
export const cancelStep = sessionRoute((c, { journal, queue }, { lifetime }) => {
  refuseQuery(c.req.url);
  lifetime.touch();
  const step = journal.get(c.req.param('step_id') ?? '');
  const { hasEnded } = step;
  queue.cancel(step);
  return sendJson(c, resultText(step.result()), hasEnded ? 200 : 202);
});
