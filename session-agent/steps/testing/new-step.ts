import { forwardedStepSchema } from '@steppe/contracts/step-request';
import { newSessionId, newStepId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { newSpool } from '../../testing/new-spool.ts';
import { Step } from '../step.ts';
import type { KeptEvent } from '../step-events.ts';
import { hashRequest } from '../step-journal.ts';
import { contractLimits, type StepLimits } from '../step-limits.ts';

export const newRequest = (given: object = {}) =>
  forwardedStepSchema.parse({ code: '1', step_id: newStepId(), ...given });

/** The spool of steps that need no bounds of their own. */
const sharedSpool = newSpool();

/** A step of a session at epoch 1. */
export function newStep(
  given: object = {},
  limits: StepLimits = contractLimits,
  spool = sharedSpool,
): Step {
  const request = newRequest(given);
  return new Step(request, {
    requestHash: hashRequest(request),
    sessionId: newSessionId(),
    epoch: 1,
    clock: systemClock,
    limits,
    spool: spool.open(),
  });
}

export const completed = {
  status: 'completed',
  error: null,
  usage: null,
  epoch: 1,
  stateLost: false,
} as const;

/** All events that the step has so far. */
export const eventsOf = (step: Step): Promise<KeptEvent[]> =>
  step.readEvents().next(Number.POSITIVE_INFINITY);
