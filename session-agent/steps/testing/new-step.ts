import { forwardedStepSchema } from '@steppe/contracts/step-request';
import { newSessionId, newStepId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { Step } from '../step.ts';
import { hashRequest } from '../step-journal.ts';
import { contractLimits, type StepLimits } from '../step-limits.ts';

export const newRequest = (given: object = {}) =>
  forwardedStepSchema.parse({ code: '1', step_id: newStepId(), ...given });

/** A step of a session at epoch 1. */
export function newStep(given: object = {}, limits: StepLimits = contractLimits): Step {
  const request = newRequest(given);
  return new Step(request, {
    requestHash: hashRequest(request),
    sessionId: newSessionId(),
    epoch: 1,
    clock: systemClock,
    limits,
  });
}

export const completed = {
  status: 'completed',
  error: null,
  usage: null,
  epoch: 1,
  stateLost: false,
} as const;
