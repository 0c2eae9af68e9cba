import { groupBy } from '../../support/group-by.ts';
import type { Run, StepRecord } from './history.ts';

/** The violations of the contract, in sentences. */
export interface Violations {
  runTwice: string[];
  lost: string[];
  misrouted: string[];
  gaps: string[];
  /** A step ran in a later epoch than its sender knew of, or in other memory of the same epoch. */
  memory: string[];
  /** A response is unexplained, or a step ran that nobody has sent. */
  other: string[];
}

/** Compares the responses that the senders got with the steps that really ran. */
export function checkHistory(history: readonly StepRecord[], runs: readonly Run[]): Violations {
  const runsOf = groupBy(runs, ({ stepId }) => stepId);
  const violations: Violations = {
    runTwice: [],
    lost: [],
    misrouted: [],
    gaps: [],
    memory: [],
    other: [],
  };
  const memories = new Map<string, string>();
  for (const record of history) {
    const own = runsOf.get(record.stepId) ?? [];
    if (own.length > 1) violations.runTwice.push(`${nameOf(record)} ran ${own.length} times`);
    violations.lost.push(...lostStepsOf(record, own));
    violations.misrouted.push(...strayingsOf(record, own));
    violations.gaps.push(...gapsOf(record));
    violations.memory.push(...surprisesOf(record, own, memories));
    if (record.outcome.kind === 'unexpected')
      violations.other.push(`${nameOf(record)}: ${record.outcome.what}`);
  }
  const known = new Set(history.map(({ stepId }) => stepId));
  for (const stepId of runsOf.keys())
    if (!known.has(stepId)) violations.other.push(`${stepId} ran, and nobody has sent it`);
  return violations;
}

export const violationCount = (violations: Violations): number =>
  Object.values(violations).flat().length;

function lostStepsOf(record: StepRecord, runs: readonly Run[]): string[] {
  const { outcome, output } = record;
  const ran = runs.length > 0;
  if (outcome.kind === 'missing') return [`${nameOf(record)}: ${outcome.what}`];
  if (outcome.kind === 'refused' && ran) return [`${nameOf(record)} was refused and ran`];
  if (outcome.kind !== 'ended' || outcome.result.status !== 'completed') return [];
  if (!ran) return [`${nameOf(record)} was reported as completed and never ran`];
  return outcome.result.stdout === output
    ? []
    : [`${nameOf(record)} has a result with other output than its own`];
}

function strayingsOf(record: StepRecord, runs: readonly Run[]): string[] {
  const { outcome, session, sessionId, stepId } = record;
  const strayed = runs.filter(({ actual, wanted }) => actual !== session || wanted !== session);
  const found = strayed.map(({ actual }) => `${nameOf(record)} ran in ${actual}`);
  if (outcome.kind === 'foreign') found.push(`${nameOf(record)}: ${outcome.what}`);
  if (
    outcome.kind === 'ended' &&
    (outcome.result.session_id !== sessionId || outcome.result.step_id !== stepId)
  ) {
    found.push(`${nameOf(record)} got ${outcome.result.step_id} of ${outcome.result.session_id}`);
  }
  return found;
}

function gapsOf(record: StepRecord): string[] {
  const { outcome, received, seqs } = record;
  if (seqs.some((seq, at) => seq !== at + 1))
    return [`${nameOf(record)} has the events ${seqs.join(' ')}`];
  if (outcome.kind !== 'ended' || received === undefined || received === outcome.result.stdout)
    return [];
  // Events have all of the output, a result only its head and its tail.
  if (outcome.result.truncated?.stdout) return [];
  return [`${nameOf(record)} has events with other output than its result`];
}

/** @param memories the marks of each session's epochs so far; this function adds to them. */
function surprisesOf(
  record: StepRecord,
  runs: readonly Run[],
  memories: Map<string, string>,
): string[] {
  const { outcome, session, reportedEpoch } = record;
  const [run] = runs;
  if (outcome.kind !== 'ended' || !run) return [];
  const { epoch, state_lost: lost } = outcome.result;
  // If a step destroyed the memory, its result names the epoch that follows. None follows the end
  // of a session.
  const isFollowed = lost && outcome.result.error?.name !== 'SessionEnded';
  const ranIn = isFollowed ? epoch - 1 : epoch;
  const found =
    ranIn > reportedEpoch
      ? [`${nameOf(record)} ran in epoch ${ranIn}, and its sender knew of ${reportedEpoch}`]
      : [];
  const memory = `${session} ${ranIn}`;
  const mark = memories.get(memory);
  if (mark !== undefined && mark !== run.mark)
    found.push(`${nameOf(record)} found other memory in epoch ${ranIn} than the step before`);
  memories.set(memory, run.mark);
  return found;
}

const nameOf = ({ stepId, sessionId }: StepRecord): string => `${stepId} of ${sessionId}`;
