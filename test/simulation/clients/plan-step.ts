import type { RandomStream } from '../kernel/random-stream.ts';
import {
  encodeProgram,
  lineOf,
  type StepAction,
  type StepProgram,
} from '../models/runtime/step-program.ts';

/** A program, and what its sender can expect of it. */
export interface PlannedStep {
  code: string;
  /** What it prints to stdout when it completes. */
  output: string;
  /** Its output may be cut, or depends on what ran before it. */
  hasOpenOutput: boolean;
  /** It has to be stopped: in this time, unless its client cancels it before. */
  timeoutMs: number | undefined;
}

const usual = 12;
/** How often each kind of step is sent, beside the usual ones. */
const endings: readonly StepAction[] = [
  ...Array<StepAction>(usual).fill({ do: 'print', lines: 1 }),
  { do: 'raise' },
  { do: 'exit', code: 3 },
  { do: 'hang' },
  { do: 'hang' },
  { do: 'ignore_interrupts', ms: 9_000 },
  { do: 'allocate', kills: 'worker' },
  { do: 'allocate', kills: 'container' },
  { do: 'background', lines: 3, everyMs: 700 },
  { do: 'background', lines: 40, everyMs: 0.6 },
  { do: 'orphan', ms: 20_000 },
  { do: 'break_protocol' },
  { do: 'display', text: 'shown' },
  { do: 'flood', bytes: 200_000 },
];

export function planStep(random: RandomStream, session: string, stepId: string): PlannedStep {
  const ending = random.pick(endings);
  const actions: StepAction[] = [
    { do: 'print', lines: 1 + random.int(3) },
    { do: 'sleep', ms: random.pick([1, 1, 5, 20, 20, 50, 200, 200, 2_000, 12_000]) },
    ...(random.chance(0.2) ? ([{ do: 'print', lines: 1, stream: 'stderr' }] as const) : []),
    ...(random.chance(0.3) ? memoryActions(random, stepId) : []),
    ending,
  ];
  const isEndless = ending.do === 'hang' || ending.do === 'ignore_interrupts';
  return {
    code: encodeProgram({ session, actions }),
    output: outputOf({ session, actions }, stepId),
    hasOpenOutput: actions.some((action) => action.do === 'get' || action.do === 'flood'),
    // The sleep before it lasts up to twelve seconds.
    timeoutMs: isEndless ? 15_000 : undefined,
  };
}

/** Values of variables are unique, so that a value of another session is noticed. */
const memoryActions = (random: RandomStream, stepId: string): StepAction[] => {
  const name = random.pick(['a', 'b']);
  return [
    { do: 'get', name },
    { do: 'set', name, value: stepId },
  ];
};

/** Lines are counted over both streams. */
function outputOf({ session, actions }: StepProgram, stepId: string): string {
  let lines = 0;
  let output = '';
  for (const action of actions) {
    if (action.do !== 'print') continue;
    for (let at = 0; at < action.lines; at += 1) {
      if (action.stream !== 'stderr') output += lineOf(session, stepId, lines);
      lines += 1;
    }
  }
  return output;
}
