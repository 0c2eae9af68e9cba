import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { RunEnd, StepInterpreter } from '../interpreter/step-interpreter.ts';
import type { BackgroundOutput } from './background.ts';
import type { Step } from './step.ts';
import { type StepEnd, type StopReason, stopError } from './step-end.ts';

/** How long an interrupted step may take to end before its worker is killed. */
export const interruptGraceMs = 2_000;
/** Later than the runtimes put an interrupt off, and early enough for the code to unwind. */
export const interruptAgainMs = 1_500;

export interface RunStepOptions {
  clock: Clock;
  interpreter: StepInterpreter;
  background: BackgroundOutput;
}

/** Runs the step to its end; never throws because of user code. */
export async function runStep(step: Step, options: RunStepOptions): Promise<StepEnd> {
  const { interpreter, background, clock } = options;
  let cancelTimeout = () => {};
  const run = await interpreter.run(
    step.takeCode(),
    {
      output: (stream, bytes) => step.output(stream, bytes),
      display: ({ bundle, is_main_result, truncated }) =>
        step.display(bundle, is_main_result, truncated),
      clearOutput: (wait) => step.clearOutput(wait),
    },
    (executionCount) => {
      step.started(executionCount);
      background.attach(step);
      cancelTimeout = clock.after(step.timeoutMs, () => stopStep(step, 'timeout', options));
    },
  );
  cancelTimeout();
  background.detach();
  const end = toStepEnd(run, step);
  step.end(end);
  return end;
}

/**
 * Interrupts the running step; kills its worker, with the memory, if it does not end in time.
 * Interrupts it once more before that, and with each other cancel: after the first interrupt a pool
 * still waits for its threads or processes.
 */
export function stopStep(
  step: Step,
  reason: StopReason,
  { interpreter, clock }: Pick<RunStepOptions, 'interpreter' | 'clock'>,
): void {
  if (step.stopReason) {
    if (reason === 'cancel') interpreter.interrupt(step.id);
    return;
  }
  step.stopReason = reason;
  interpreter.interrupt(step.id);
  const cancelAgain = clock.after(interruptAgainMs, () => interpreter.interrupt(step.id));
  const cancelKill = clock.after(interruptGraceMs, () => {
    if (!step.hasEnded) runDetached(() => interpreter.kill());
  });
  runDetached(async () => {
    await step.ended.promise;
    cancelAgain();
    cancelKill();
  });
}

function toStepEnd(run: RunEnd, step: Step): StepEnd {
  const { stopReason } = step;
  const { epoch, error } = run;
  const stateLost = run.kind === 'lost';
  const usage = run.kind === 'lost' ? null : run.usage;
  // In spite of a cancel or a restart the code may have run to its own end. A step that exceeded
  // its time limit has timed out in any case.
  const wasStopped = run.kind === 'lost' || run.status === 'interrupted';
  if (stopReason === 'timeout' || (stopReason && wasStopped)) {
    const status = stopReason === 'timeout' ? 'timed_out' : 'cancelled';
    return { status, error: stopError(step, stopReason, error), usage, epoch, stateLost };
  }
  const status = run.kind === 'done' && run.status === 'completed' ? 'completed' : 'failed';
  return { status, error, usage, epoch, stateLost };
}
