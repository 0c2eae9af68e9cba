import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { StepStatus, Usage } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Step } from './step.ts';

export interface StepEnd {
  status: Exclude<StepStatus, 'queued' | 'running'>;
  error: StepError | null;
  usage: Usage | null;
  epoch: number;
  stateLost: boolean;
  /** Set if the step never ran: the response carries this error if it has not begun. */
  refusal?: AppError;
}

/** Why the agent stops a step. */
export type StopReason = 'timeout' | 'cancel' | 'restart' | 'session_end';

/** The error of a step that was stopped, with the traceback of the position it had reached. */
export function stopError(step: Step, reason: StopReason, error: StepError | null): StepError {
  const { name, message } = describeStop(step, reason);
  return stepError(name, message, error?.traceback);
}

export const stepError = (name: string, message: string, traceback: string[] = []): StepError => ({
  name,
  message,
  traceback,
});

function describeStop(step: Step, reason: StopReason): { name: string; message: string } {
  switch (reason) {
    case 'timeout':
      return {
        name: 'StepTimedOut',
        message: `the step ran longer than its timeout_ms of ${step.timeoutMs}`,
      };
    case 'cancel':
      return { name: 'StepCancelled', message: 'the step was cancelled' };
    case 'restart':
      return {
        name: 'RuntimeRestarted',
        message: 'the interpreter was restarted while the step ran',
      };
    case 'session_end':
      return { name: 'SessionEnded', message: 'the session ended before the step did' };
  }
}

export const epochMismatch = (epoch: number): AppError =>
  new AppError('epoch_mismatch', errorMessages.epoch_mismatch(epoch), {
    details: { epoch },
  });

export const restarted = (epoch: number): AppError =>
  new AppError('runtime_restarted', errorMessages.runtime_restarted(epoch), {
    details: { epoch },
  });
