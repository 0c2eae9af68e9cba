import { stepListQuerySchema } from '@steppe/contracts/step';
import { AppError } from '@steppe/service-kit/app-error';
import { parseInput } from '@steppe/service-kit/parse-input';
import { readQuery } from '@steppe/service-kit/read-query';
import { requireSession } from '../../authenticate.ts';
import type { Operation } from '../routes.ts';

/** What the instance still remembers, newest first; a cursor is the id of the last step of the page before. */
export const listSteps: Operation =
  ({ verifier, binding }) =>
  async (c) => {
    const { journal } = await requireSession(c, verifier, binding);
    const { limit, cursor } = parseInput(stepListQuerySchema, readQuery(c.req.url), 'query');
    const steps = journal.list();
    const after = cursor === undefined ? -1 : steps.findIndex((step) => step.request.step_id === cursor);
    if (cursor !== undefined && after === -1) {
      throw new AppError('invalid_request', 'the cursor names no step that is still remembered; begin without one');
    }
    const page = steps.slice(after + 1, after + 1 + limit);
    const more = after + 1 + limit < steps.length;
    const next_cursor = more ? (page.at(-1)?.request.step_id ?? null) : null;
    return c.json({ steps: page.map((step) => step.result()), next_cursor });
  };
