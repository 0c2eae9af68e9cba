import { checkHistory } from '../../chaos/history/check-history.ts';
import { groupBy } from '../../support/group-by.ts';
import type { History, SentStep, SimulatedRun } from '../history/history.ts';
import type { RuleName, Violation } from '../history/rules.ts';

const ruleOf = {
  runTwice: 'step-runs-once',
  lost: 'result-is-what-ran',
  misrouted: 'session-isolated',
  gaps: 'events-complete',
  memory: 'loss-reported',
  other: 'response-explained',
} as const satisfies Record<keyof ReturnType<typeof checkHistory>, RuleName>;

/** Compares what the senders of steps learnt with what the runtimes executed. */
export function checkSteps({ steps, runs }: Pick<History, 'steps' | 'runs'>): Violation[] {
  const contract = checkHistory(steps.map(withoutOpenOutput), runs);
  const runsOf = groupBy(runs, ({ stepId }) => stepId);
  const found = (Object.keys(ruleOf) as (keyof typeof ruleOf)[]).flatMap((kind) =>
    contract[kind].map((what) => ({ rule: ruleOf[kind], what })),
  );
  return [
    ...found,
    ...steps.flatMap((step) => [
      ...epochsOf(step, runsOf.get(step.stepId) ?? []),
      ...outputOf(step),
      ...stopsOf(step),
    ]),
  ];
}

/** Output that cannot be known beforehand is taken from the result, and compared with events. */
function withoutOpenOutput(step: SentStep): SentStep {
  if (!step.hasOpenOutput || step.outcome.kind !== 'ended') return step;
  return { ...step, output: step.outcome.result.stdout };
}

function epochsOf({ stepId, namedEpoch }: SentStep, runs: readonly SimulatedRun[]): Violation[] {
  return runs
    .filter(({ epoch }) => namedEpoch !== undefined && epoch !== namedEpoch)
    .map(({ epoch }) => ({
      rule: 'epoch-kept',
      what: `${stepId} named epoch ${namedEpoch} and ran in ${epoch}`,
    }));
}

/** A step that did not complete has printed a part of its output and nothing else. */
function outputOf({ stepId, sessionId, output, hasOpenOutput, outcome }: SentStep): Violation[] {
  if (hasOpenOutput || outcome.kind !== 'ended' || output.startsWith(outcome.result.stdout))
    return [];
  return [
    {
      rule: 'result-is-what-ran',
      what: `${stepId} of ${sessionId} has output that it never wrote`,
    },
  ];
}

function stopsOf({ stepId, isCancelled, isLong, outcome }: SentStep): Violation[] {
  if (outcome.kind !== 'ended' || outcome.result.state_lost) return [];
  const { status, error } = outcome.result;
  // A restart can stop what it finds interrupted, and keep its memory for that moment.
  const isRestarted = error?.name === 'RuntimeRestarted';
  if (status === 'cancelled' && !isCancelled && !isRestarted)
    return [{ rule: 'stop-requested', what: `${stepId} was cancelled, and not by its client` }];
  if (status === 'timed_out' && !isLong)
    return [{ rule: 'stop-requested', what: `${stepId} timed out before its time` }];
  return [];
}
