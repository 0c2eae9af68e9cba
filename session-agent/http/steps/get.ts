import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { resultText } from '../../steps/kept-result.ts';
import { sendJson } from '../responses/outgoing.ts';
import { sessionRoute } from '../route.ts';

/** Returns one step's result so far. */
export const getStep = sessionRoute((c, { journal }) => {
  refuseQuery(c.req.url);
  return sendJson(c, resultText(journal.get(c.req.param('step_id') ?? '').result()), 200);
});
