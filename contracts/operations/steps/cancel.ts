import type { Operation } from '../operation.ts';
import { completed, resultResponse, running } from './examples.ts';

export const cancelStep = {
  method: 'POST',
  path: '/v1/sessions/:session_id/steps/:step_id/cancel',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'steps',
  summary: 'Cancel a step',
  description:
    'Interrupts the step; the memory is kept if the language allows it. A queued step never runs.',
  responses: {
    200: resultResponse('The step had ended already; nothing changes.', { completed }),
    202: resultResponse('The result so far; the step ends soon.', { running }),
  },
  errors: ['step_not_found', 'payload_too_large', 'unsupported_media_type'],
  sample: '-X POST $STEPPE_URL/v1/sessions/$SESSION/steps/$STEP/cancel',
} as const satisfies Operation;
