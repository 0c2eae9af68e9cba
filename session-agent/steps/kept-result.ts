import type { Background, StepResult } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import { asRawJson, type RawJson, toRawJson } from '../protocol/raw-json.ts';
import type { Channel } from '../spool/record.ts';
import type { StepEvents } from './step-events.ts';

/** A result as a step keeps it: its bundles stay the JSON texts that the driver created. */
export type KeptResult = Omit<StepResult, 'results'> & { results: RawJson[] };

/** The result as clients get it. */
export function resultText(result: KeptResult): RawJson {
  if (result.results.length === 0) return toRawJson(result);
  const { step_id, session_id, status, execution_count, stdout, stderr, results, ...rest } = result;
  const before = JSON.stringify({ step_id, session_id, status, execution_count, stdout, stderr });
  return asRawJson(
    `${before.slice(0, -1)},"results":[${results.join(',')}],${JSON.stringify(rest).slice(1)}`,
  );
}

/** The parts of a result that are in its events. */
export function aggregateResult({
  remembered,
  cleared,
  windows,
}: StepEvents): Pick<KeptResult, 'stdout' | 'stderr' | 'results' | 'background'> {
  const results: RawJson[] = [];
  const errors: StepError[] = [];
  for (const [index, { event }] of remembered.entries()) {
    if (event.type === 'result' && index >= cleared) results.push(event.bundle);
    else if (event.type === 'background_error') {
      const { name, message, traceback } = event;
      errors.push({ name, message, traceback });
    }
  }
  const textOf = (channel: Channel): string => windows[channel]?.text() ?? '';
  const written = { stdout: textOf('background_stdout'), stderr: textOf('background_stderr') };
  const isEmpty = written.stdout === '' && written.stderr === '' && errors.length === 0;
  const background: Background | null = isEmpty ? null : { ...written, errors };
  return { stdout: textOf('stdout'), stderr: textOf('stderr'), results, background };
}
