import { stepListQuerySchema } from '@steppe/contracts/step-request';
import { AppError } from '@steppe/service-kit/http/app-error';
import { parseInput, readQuery, refuseQuery } from '@steppe/service-kit/http/parse-input';
import { asRawJson, mergeObjects, toRawJson } from '../../protocol/raw-json.ts';
import { resultText } from '../../steps/kept-result.ts';
import type { Step } from '../../steps/step.ts';
import { sendJson } from '../responses/json-response.ts';
import { sessionRoute } from '../route.ts';

/** Returns one step's result so far. */
export const getStep = sessionRoute((c, { journal }) => {
  refuseQuery(c.req.url);
  return sendJson(c, resultText(journal.get(c.req.param('step_id') ?? '').result()), 200);
});

/** A page ends early when its steps have much output. */
const pageBytes = 8 * 1024 * 1024;

/** Lists the steps that are still remembered, newest first; a cursor is the last id of a page. */
export const listSteps = sessionRoute((c, { journal }) => {
  const { limit, cursor } = parseInput(stepListQuerySchema, readQuery(c.req.url), 'query');
  const steps = journal.list();
  const before = cursor === undefined ? -1 : steps.findIndex((step) => step.id === cursor);
  if (cursor !== undefined && before === -1) {
    throw new AppError('invalid_request', 'the cursor has expired; list again without a cursor');
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
});

/** Returns at least one, so that every page makes progress. */
function stepsThatFit(steps: readonly Step[]): number {
  let left = pageBytes;
  for (const [at, { bytes }] of steps.entries()) {
    left -= bytes;
    if (left < 0) return Math.max(1, at);
  }
  return steps.length;
}
