import { appendFileSync } from 'node:fs';
import { figuresFile } from '../support/config.ts';

/** A measurement, which `make test-cluster` prints at its end beside the budget. */
export interface Figure {
  what: string;
  ms: number;
  /** What it is compared with, for people: no test fails on it. */
  budget: string;
}

export const recordFigure = ({ what, ms, budget }: Figure): void =>
  recordLine(`${what}: ${ms.toFixed(1)} ms (${budget})`);

/** A measurement that is not a time. */
export function recordLine(line: string): void {
  const file = figuresFile();
  if (file) appendFileSync(file, `${line}\n`);
  else process.stderr.write(`${line}\n`);
}

/** The value below which that share of the values is. @param share between 0 and 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
