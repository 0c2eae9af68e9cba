import type { StepError } from '@steppe/contracts/step';
import { delay } from '../deferred.ts';
import type { Interpreter, RunEnd } from '../worker/interpreter.ts';
import type { BackgroundOutput } from './background.ts';
import type { Step, StepEnd, StopReason } from './step.ts';

/** How long an interrupted step may take to end before its worker is killed. */
const graceMs = 2_000;

interface RunStepOptions {
  interpreter: Interpreter;
  background: BackgroundOutput;
}

/** Runs the step to its end, whatever that is; never throws for what user code does. */
export async function runStep(step: Step, { interpreter, background }: RunStepOptions): Promise<void> {
  const { step_id: stepId, code, env, cwd = null, timeout_ms: timeoutMs } = step.request;
  let limit: NodeJS.Timeout | undefined;
  const end = await interpreter.run(
    { stepId, code, env, cwd },
    {
      output: (stream, bytes) => step.output(stream, bytes),
      display: (frame) => step.display(frame.bundle, frame.is_main_result, frame.truncated),
    },
    (executionCount) => {
      step.started(executionCount, interpreter.epoch);
      background.attach(step);
      limit = setTimeout(() => stopStep(step, 'timeout', interpreter), timeoutMs);
    },
  );
  clearTimeout(limit);
  background.detach();
  step.end(toStepEnd(end, step, interpreter.epoch));
}

/** Interrupts the running step; if it has not ended after the grace, its worker is killed and the memory lost. */
export function stopStep(step: Step, reason: StopReason, interpreter: Interpreter): void {
  if (step.stopReason) return;
  step.stopReason = reason;
  interpreter.interrupt(step.request.step_id);
  void Promise.race([step.ended.promise, delay(graceMs)]).then(() => {
    if (step.status === 'running') void interpreter.kill();
  });
}

function toStepEnd(end: RunEnd, step: Step, epoch: number): StepEnd {
  const { stopReason } = step;
  const lost = end.kind === 'lost';
  const usage = lost ? null : end.usage;
  const wasStopped = lost || end.status === 'interrupted';
  if (stopReason === 'timeout') {
    return { status: 'timed_out', error: stopError(step, stopReason, end.error), usage, epoch, stateLost: lost };
  }
  if (stopReason && wasStopped) {
    return { status: 'cancelled', error: stopError(step, stopReason, end.error), usage, epoch, stateLost: lost };
  }
  const status = !lost && end.status === 'completed' ? 'completed' : 'failed';
  return { status, error: end.error, usage, epoch, stateLost: lost };
}

/** Says who stopped the step, with the traceback of where it was. */
export function stopError(step: Step, reason: StopReason, error: StepError | null): StepError {
  const { name, message } = stopWords(step, reason);
  return { name, message, traceback: error?.traceback ?? [] };
}

function stopWords(step: Step, reason: StopReason): { name: string; message: string } {
  switch (reason) {
    case 'timeout':
      return { name: 'StepTimedOut', message: `the step ran longer than its timeout_ms of ${step.request.timeout_ms}` };
    case 'cancel':
      return { name: 'StepCancelled', message: 'the step was cancelled' };
    case 'restart':
      return { name: 'RuntimeRestarted', message: 'the interpreter was restarted while the step ran' };
    case 'session_end':
      return { name: 'SessionEnded', message: 'the session ended before the step did' };
  }
}
