import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { delay } from '../deferred.ts';
import type { BackgroundOutput } from './background.ts';
import type { Step, StepEnd, StopReason } from './step.ts';
import { stopError } from './step-errors.ts';
import type { RunEnd, StepInterpreter } from './step-interpreter.ts';

/** How long an interrupted step may take to end before its worker is killed. */
const graceMs = 2_000;

interface RunStepOptions {
  interpreter: StepInterpreter;
  background: BackgroundOutput;
}

/** Runs the step to its end, whatever that is; never throws for what user code does. */
export async function runStep(
  step: Step,
  { interpreter, background }: RunStepOptions,
): Promise<StepEnd> {
  let limit: NodeJS.Timeout | undefined;
  const run = await interpreter.run(
    step.takeCode(),
    {
      output: (stream, bytes) => step.output(stream, bytes),
      display: ({ bundle, is_main_result, truncated }) =>
        step.display(bundle, is_main_result, truncated),
    },
    (executionCount) => {
      step.started(executionCount);
      background.attach(step);
      limit = setTimeout(() => stopStep(step, 'timeout', interpreter), step.timeoutMs);
    },
  );
  clearTimeout(limit);
  background.detach();
  const end = toStepEnd(run, step);
  step.end(end);
  return end;
}

/**
 * Interrupts the running step; if it has not ended after the grace, its worker is killed and the
 * memory lost.
 */
export function stopStep(step: Step, reason: StopReason, interpreter: StepInterpreter): void {
  if (step.stopReason) return;
  step.stopReason = reason;
  interpreter.interrupt(step.id);
  runDetached(async () => {
    await Promise.race([step.ended.promise, delay(graceMs)]);
    if (!step.hasEnded) await interpreter.kill();
  });
}

function toStepEnd(run: RunEnd, step: Step): StepEnd {
  const { stopReason } = step;
  const { epoch, error } = run;
  const stateLost = run.kind === 'lost';
  const usage = run.kind === 'lost' ? null : run.usage;
  // The code may have gone on to its own end in spite of a cancel or a restart; a time limit that
  // was passed was passed.
  const wasStopped = run.kind === 'lost' || run.status === 'interrupted';
  if (stopReason === 'timeout' || (stopReason && wasStopped)) {
    const status = stopReason === 'timeout' ? 'timed_out' : 'cancelled';
    return { status, error: stopError(step, stopReason, error), usage, epoch, stateLost };
  }
  const status = run.kind === 'done' && run.status === 'completed' ? 'completed' : 'failed';
  return { status, error, usage, epoch, stateLost };
}
