import type { Violations } from './history/check-history.ts';
import type { StepRecord } from './history/history.ts';
import type { FaultCounts } from './inject-faults.ts';

export interface ChaosRun {
  seed: number;
  /** How long faults were injected, and how many steps ended in that time. */
  elapsedMs: number;
  stepsHarmed: number;
  history: readonly StepRecord[];
  faults: FaultCounts;
  violations: Violations;
  /** Services that exited by themselves, and their unexpected errors. */
  failures: readonly string[];
  /** Processes and directories of instances that still exist. */
  leftovers: readonly string[];
}

const stepsPerMinute = ({
  stepsHarmed,
  elapsedMs,
}: Pick<ChaosRun, 'stepsHarmed' | 'elapsedMs'>): number =>
  Math.floor((stepsHarmed * 60_000) / elapsedMs);

/** Why the run failed, in sentences; empty if it passed. */
export function failuresOf(run: ChaosRun): string[] {
  const missing = [...run.faults]
    .filter(([, count]) => count === 0)
    .map(([kind]) => `no fault of the kind: ${kind}`);
  return [
    ...Object.values(run.violations).flat(),
    ...run.failures,
    ...run.leftovers.map((what) => `left behind: ${what}`),
    ...missing,
    ...(run.stepsHarmed === 0 ? ['no step ended while there were faults'] : []),
  ];
}

export function describeRun(run: ChaosRun): string {
  const { history, faults, violations, elapsedMs, stepsHarmed, seed, failures, leftovers } = run;
  const outcomes = new Map<string, number>();
  for (const { outcome } of history) {
    const name = outcome.kind === 'ended' ? outcome.result.status : outcome.kind;
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
  }
  const sessions = new Set(history.map(({ session }) => session)).size;
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  return [
    `${stepsHarmed} steps in ${Math.round(elapsedMs / 1000)} s, ${stepsPerMinute(run)} a minute, in ${sessions} sessions (SEED=${seed})`,
    `  ${[...outcomes].map(([name, count]) => `${name} ${count}`).join(', ')}`,
    `${total} faults`,
    ...[...faults].map(([kind, count]) => `  ${kind.padEnd(34)}${String(count).padStart(5)}`),
    `run twice: ${violations.runTwice.length}, lost: ${violations.lost.length}, misrouted: ${violations.misrouted.length}, gaps: ${violations.gaps.length}, other memory: ${violations.memory.length}`,
    `other violations: ${violations.other.length}, unexpected failures: ${failures.length}, left behind: ${leftovers.length}`,
  ].join('\n');
}
