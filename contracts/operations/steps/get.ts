import type { Operation } from '../operation.ts';
import { completed, resultResponse, running } from './examples.ts';

export const getStep = {
  method: 'GET',
  path: '/v1/sessions/:session_id/steps/:step_id',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'steps',
  summary: 'Get a step',
  description: 'Returns the result of the step so far.',
  responses: { 200: resultResponse('The step is running, or has ended.', { completed, running }) },
  errors: ['step_not_found'],
  sample: '$STEPPE_URL/v1/sessions/$SESSION/steps/$STEP',
} as const satisfies Operation;
