import type { Background, OutputStream, StepEvent, StepResult } from '@steppe/contracts/step';
import type { ResultBundle } from '@steppe/contracts/step-output';

/** What the events of a step say, in the form of a result. */
export function addUp(events: readonly StepEvent[]): Pick<StepResult, 'stdout' | 'stderr' | 'results' | 'background'> {
  const text: Record<OutputStream, string> = { stdout: '', stderr: '' };
  const results: ResultBundle[] = [];
  let background: Background | null = null;
  for (const event of events) {
    if (event.type === 'stdout' || event.type === 'stderr') text[event.type] += event.text;
    else if (event.type === 'result') results.push(bundleOf(event));
    else if (event.type === 'background') {
      background ??= { stdout: '', stderr: '', errors: [] };
      background[event.stream] += event.text;
    } else if (event.type === 'background_error') {
      background ??= { stdout: '', stderr: '', errors: [] };
      background.errors.push({ name: event.name, message: event.message, traceback: event.traceback });
    }
  }
  return { ...text, results, background };
}

function bundleOf({ type: _type, seq: _seq, at: _at, ...bundle }: Extract<StepEvent, { type: 'result' }>): ResultBundle {
  return bundle;
}
