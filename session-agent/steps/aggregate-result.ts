import type { Background, OutputStream } from '@steppe/contracts/step';
import type { RawJson } from '../protocol/raw-json.ts';
import type { KeptEvent } from './kept-event.ts';
import type { KeptResult } from './kept-result.ts';

/** The parts of a result that a step's events add up to. */
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
