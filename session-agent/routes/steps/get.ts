import { refuseQuery } from '@steppe/service-kit/read-query';
import { requireSession } from '../../authenticate.ts';
import type { Operation } from '../routes.ts';

/** One step's result so far. */
export const getStep: Operation =
  ({ verifier, binding }) =>
  async (c) => {
    const { journal } = await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    return c.json(journal.get(c.req.param('step_id') ?? '').result());
  };
