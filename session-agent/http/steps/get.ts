import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { resultText } from '../../steps/kept-result.ts';
import { requireSession } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';
import { sendJson } from './send-json.ts';

/** One step's result so far. */
export const getStep: Operation =
  ({ verifier, binding }) =>
  async (c) => {
    const { journal } = await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    return sendJson(c, resultText(journal.get(c.req.param('step_id') ?? '').result()), 200);
  };
