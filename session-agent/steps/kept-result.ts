import type { Background, OutputStream, StepResult } from '@steppe/contracts/step';
import { asRawJson, mergeObjects, type RawJson, toRawJson } from '../protocol/raw-json.ts';
import type { KeptEvent } from './step-events.ts';

/** A result as a step keeps it: its bundles stay the JSON texts that the driver created. */
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

/** The parts of a result that are aggregated from a step's events. */
export function aggregateResult(
  events: readonly KeptEvent[],
): Pick<KeptResult, 'stdout' | 'stderr' | 'results' | 'background'> {
  const text: Record<OutputStream, string> = { stdout: '', stderr: '' };
  const results: RawJson[] = [];
  let background: Background | null = null;
  for (const event of events) {
    if (event.type === 'stdout' || event.type === 'stderr') text[event.type] += event.text;
    else if (event.type === 'result') results.push(event.bundle);
    else if (event.type === 'background') {
      background ??= { stdout: '', stderr: '', errors: [] };
      background[event.stream] += event.text;
    } else if (event.type === 'background_error') {
      background ??= { stdout: '', stderr: '', errors: [] };
      background.errors.push({
        name: event.name,
        message: event.message,
        traceback: event.traceback,
      });
    }
  }
  return { ...text, results, background };
}
