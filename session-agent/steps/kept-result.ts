import type { StepResult } from '@steppe/contracts/step';
import { asRawJson, mergeObjects, type RawJson, toRawJson } from '../protocol/raw-json.ts';

/** A result as a step keeps it: its bundles stay the JSON texts that the driver made. */
export type KeptResult = Omit<StepResult, 'results'> & { results: RawJson[] };

/** The result as clients get it. */
export function resultText(result: KeptResult): RawJson {
  const { step_id, session_id, status, execution_count, stdout, stderr, results, ...rest } = result;
  return mergeObjects(
    toRawJson({ step_id, session_id, status, execution_count, stdout, stderr }),
    asRawJson(`{"results":[${results.join(',')}]}`),
    toRawJson(rest),
  );
}
