import { stepListQuerySchema } from '@steppe/contracts/step-request';
import { AppError } from '@steppe/service-kit/http/app-error';
import { parseInput } from '@steppe/service-kit/http/parse-input';
import { readQuery } from '@steppe/service-kit/http/read-query';
import { asRawJson, mergeObjects, toRawJson } from '../../protocol/raw-json.ts';
import { resultText } from '../../steps/kept-result.ts';
import type { Step } from '../../steps/step.ts';
import { requireSession } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';
import { sendJson } from './send-json.ts';

/** A page of steps with much output ends early. */
const pageBytes = 8 * 1024 * 1024;

/**
 * What the instance still remembers, newest first; a cursor is the id of the last step of the page
 * before.
 */
export const listSteps: Operation =
  ({ verifier, binding }) =>
  async (c) => {
    const { journal } = await requireSession(c, verifier, binding);
    const { limit, cursor } = parseInput(stepListQuerySchema, readQuery(c.req.url), 'query');
    const steps = journal.list();
    const before = cursor === undefined ? -1 : steps.findIndex((step) => step.id === cursor);
    if (cursor !== undefined && before === -1) {
      throw new AppError(
        'invalid_request',
        'the cursor names no step that is still remembered; begin without one',
      );
    }
    const rest = steps.slice(before + 1);
    const page = rest.slice(0, Math.min(limit, stepsThatFit(rest)));
    const next_cursor = page.length < rest.length ? (page.at(-1)?.id ?? null) : null;
    const results = page.map((step) => resultText(step.result()));
    const text = mergeObjects(
      asRawJson(`{"steps":[${results.join(',')}]}`),
      toRawJson({ next_cursor }),
    );
    return sendJson(c, text, 200);
  };

/** At least one, so that the pages go on. */
function stepsThatFit(steps: readonly Step[]): number {
  let left = pageBytes;
  for (const [at, { bytes }] of steps.entries()) {
    left -= bytes;
    if (left < 0) return Math.max(1, at);
  }
  return steps.length;
}
