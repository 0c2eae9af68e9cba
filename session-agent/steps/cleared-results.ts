import type { Totals } from '../spool/record.ts';
import type { Remembered } from './step-events.ts';

/**
 * How many events precede the last `clear_output` that has taken effect.
 * @param written the bytes that the step has printed by now.
 */
export function countCleared(remembered: readonly Remembered[], written: number): number {
  let cleared = 0;
  let waiting: { index: number; written: number } | undefined;
  const pass = (isShown: boolean, printed: number): void => {
    if (!waiting || !(isShown || printed > waiting.written)) return;
    cleared = waiting.index;
    waiting = undefined;
  };
  for (const [index, { event, totals }] of remembered.entries()) {
    const printed = writtenBytes(totals);
    pass(event.type === 'result', printed);
    if (event.type !== 'clear_output') continue;
    waiting = event.wait ? { index, written: printed } : undefined;
    if (!event.wait) cleared = index;
  }
  pass(false, written);
  return cleared;
}

export const writtenBytes = ({ stdout, stderr }: Readonly<Totals>): number => stdout + stderr;
