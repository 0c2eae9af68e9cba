import { types } from 'node:util';
import type { WorkerFrame } from '../../../protocol/frames.ts';
import type { PreparedStep, StepError, StepKey } from '../messages.ts';
import type { FreshNames } from '../rewrite/declared-names.ts';
import type { RewrittenStep } from '../rewrite/rewrite-step.ts';
import type { StepGate } from '../step-gate.ts';
import type { AwaitWatch } from './await-watch.ts';
import type { Completion } from './call-step.ts';
import type { StepOutput } from './output/step-output.ts';
import { cpuUsage, resourceUsage } from './realm/own-functions.ts';
import type { StepScope } from './realm/step-scope.ts';
import { settled, userRealm } from './realm/user-realm.ts';
import type { StackFrames } from './show/stack-frames.ts';

type Outcome = { status: 'completed' | 'failed' | 'interrupted'; error: StepError | null };
type Running = {
  step: PreparedStep;
  startedAt: number;
  cpu: NodeJS.CpuUsage;
  outcome: Outcome | null;
  leave: () => void;
};

type Started = { step_id: string; startedAt: number; cpu: NodeJS.CpuUsage };

const completed: Outcome = { status: 'completed', error: null };
const interrupted: Outcome = {
  status: 'interrupted',
  error: {
    name: 'Interrupted',
    message: 'The step was interrupted.',
    traceback: ['Interrupted: The step was interrupted.'],
  },
};

const nothingPending =
  'The step awaits a promise that nothing can settle: no timer, socket, request or child process is left.';
const unsettled: Outcome = {
  status: 'failed',
  error: {
    name: 'UnsettledAwait',
    message: nothingPending,
    traceback: [`UnsettledAwait: ${nothingPending}`],
  },
};

/** Runs one step after another. `abandon` ends a step as interrupted, unless it has ended. */
export function createStepRunner(parts: Parts): StepRunner {
  const { scope, output, gate, frames, send } = parts;
  let current: Running | null = null;
  let lastBegun: string | null = null;

  function run(step: PreparedStep): void {
    // The step was abandoned before it arrived.
    if (lastBegun === step.step_id) return;
    gate.close();
    parts.awaits.beforeStep();
    const running: Running = {
      step,
      startedAt: parts.now(),
      cpu: cpuUsage(),
      outcome: null,
      leave: () => undefined,
    };
    current = running;
    lastBegun = step.step_id;
    output.begin(step.nonce);
    gate.open();
    const outcome = execute(running);
    if (outcome instanceof Promise) {
      parts.awaits.begin(step.step_id);
      void outcome.then((later) => finishSoon(running, later));
    } else finishSoon(running, outcome);
  }

  /**
   * Microtasks and ticks that the step has queued still belong to it, with their output and
   * unhandled rejections.
   */
  function finishSoon(running: Running, outcome: Outcome): void {
    parts.afterTicks(() => finish(running, outcome));
  }

  function execute(running: Running): Outcome | Promise<Outcome> {
    const { program, syntaxError, env, cwd, step_id: stepId } = running.step;
    if (!program) return failToParse(syntaxError);
    try {
      frames.remember(program.filename, program.shifts);
      parts.declare(program.names);
      running.leave = parts.enterEnvironment(env, cwd);
      const completion = scope.run(stepId, () => parts.call(program));
      if (!isCompletion(completion) || isAwaited(program, completion[0]))
        return settle(running, program, completion);
      return succeed(running, completion[0]);
    } catch (thrown) {
      return fail(thrown);
    }
  }

  async function settle(
    running: Running,
    program: RewrittenStep,
    pending: Completion | PromiseLike<Completion>,
  ): Promise<Outcome> {
    try {
      const completion = isCompletion(pending) ? pending : (await settled(pending)).value;
      const value = completion[0];
      if (!isAwaited(program, value)) return succeed(running, value);
      return succeed(running, (await settled(value)).value);
    } catch (thrown) {
      return fail(thrown);
    }
  }

  function succeed(running: Running, value: unknown): Outcome {
    // The value of an abandoned step arrives too late to be shown.
    if (current === running && value !== undefined)
      scope.run(running.step.step_id, () => parts.showMainResult(value));
    return completed;
  }

  function fail(thrown: unknown): Outcome {
    if (isSigintOfOurs(thrown)) return interrupted;
    parts.keepError(thrown);
    return { status: 'failed', error: parts.describe(thrown) };
  }

  function failToParse(error: StepError | null): Outcome {
    parts.keepError(new userRealm.SyntaxError(error?.message));
    return { status: 'failed', error };
  }

  function finish(running: Running, outcome: Outcome): void {
    if (current !== running) return;
    running.outcome ??= outcome;
    // A termination that was already sent unwinds this function here; `abandon` is then called
    // again and continues with the same outcome.
    gate.close();
    current = null;
    parts.awaits.end();
    scope.end();
    for (const part of [running.leave, parts.onEnd]) attempt(part);
    output.end(running.step.nonce);
    send(doneFrame({ ...running, step_id: running.step.step_id }, running.outcome, parts.now()));
    gate.open();
  }

  /** User code can make any part of the end throw, such as `process.env`; the step still ends. */
  function attempt(part: () => void): void {
    try {
      part();
    } catch (thrown) {
      parts.reportBackground(parts.describe(thrown));
    }
  }

  /** Ends a step whose start was terminated together with the code that ran before it. */
  function skip({ step_id, nonce }: StepKey): void {
    gate.close();
    lastBegun = step_id;
    output.begin(nonce);
    output.end(nonce);
    send(doneFrame({ step_id, startedAt: parts.now(), cpu: cpuUsage() }, interrupted, parts.now()));
    gate.open();
  }

  return {
    run,
    abandon: (step) => {
      if (current?.step.step_id === step.step_id) finish(current, interrupted);
      else if (lastBegun !== step.step_id) skip(step);
    },
    failUnsettled: (stepId) => {
      if (current?.step.step_id === stepId) finish(current, unsettled);
    },
  };
}

type Parts = {
  scope: StepScope;
  output: StepOutput;
  gate: StepGate;
  frames: StackFrames;
  awaits: AwaitWatch;
  send(frame: WorkerFrame): void;
  declare(names: FreshNames): void;
  call(program: RewrittenStep): Completion | PromiseLike<Completion>;
  enterEnvironment(env: Record<string, string>, cwd: string | null): () => void;
  showMainResult(value: unknown): void;
  /** For `_error`. */
  keepError(thrown: unknown): void;
  describe(thrown: unknown): StepError;
  now(): number;
  /** Calls `callback` when no microtasks or ticks are left. */
  afterTicks(callback: () => void): void;
  reportBackground(error: StepError): void;
  /** Called before a step is reported as done. */
  onEnd(): void;
};

export type StepRunner = {
  run(step: PreparedStep): void;
  abandon(step: StepKey): void;
  /** Ends a step that awaits what can never come. */
  failUnsettled(stepId: string): void;
};

const isCompletion = (returned: Completion | PromiseLike<Completion>): returned is Completion =>
  Array.isArray(returned);

const isAwaited = ({ awaitsValue }: RewrittenStep, value: unknown): value is Promise<unknown> =>
  awaitsValue && types.isPromise(value);

/** Runs no code of the thrown value: a proxy has traps, and `code` may be a getter. */
function isSigintOfOurs(thrown: unknown): boolean {
  if (!types.isNativeError(thrown)) return false;
  return (
    Object.getOwnPropertyDescriptor(thrown, 'code')?.value === 'ERR_SCRIPT_EXECUTION_INTERRUPTED'
  );
}

function doneFrame(
  { step_id, startedAt, cpu }: Started,
  { status, error }: Outcome,
  now: number,
): WorkerFrame {
  const { user, system } = cpuUsage(cpu);
  const usage = {
    duration_ms: Math.round(Math.max(0, now - startedAt) * 1000) / 1000,
    cpu_ms: (user + system) / 1000,
    max_rss_bytes: resourceUsage().maxRSS * 1024,
  };
  return { type: 'done', step_id, status, error, usage };
}
