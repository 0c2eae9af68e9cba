import { stepListQuerySchema } from '@steppe/contracts/step-request';
import { AppError } from '@steppe/service-kit/http/app-error';
import { parseInput, readQuery, refuseQuery } from '@steppe/service-kit/http/parse-input';
import { asRawJson, mergeObjects, toRawJson } from '../../protocol/raw-json.ts';
import { resultText } from '../../steps/kept-result.ts';
import type { Step } from '../../steps/step.ts';
import { respondRawJson } from '../responses/json-response.ts';
import { sessionRoute } from '../route.ts';

/** Returns one step's result so far. */
export const getStep = sessionRoute((call, { journal }) => {
  refuseQuery(call.search);
  return respondRawJson(call, resultText(journal.get(call.params.step_id ?? '').result()), 200);
});

/** A page ends early when its steps have much output. */
const pageBytes = 8 * 1024 * 1024;

/** Lists the steps that are still remembered, newest first; a cursor is the last id of a page. */
export const listSteps = sessionRoute((call, { journal }) => {
  const { limit, cursor } = parseInput(stepListQuerySchema, readQuery(call.search), 'query');
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
  return respondRawJson(call, text, 200);
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
