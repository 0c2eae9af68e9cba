import { stepEventsQuerySchema } from '../../step-request.ts';
import type { Operation } from '../operation.ts';
import { eventStreams } from './examples.ts';

export const followStep = {
  method: 'GET',
  path: '/v1/sessions/:session_id/steps/:step_id/events',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'steps',
  summary: 'Follow a step’s events',
  description:
    'Replays the events after `after`, then follows the step until it ends. The events are SSE, unless `Accept` requests NDJSON.',
  query: stepEventsQuerySchema,
  headers: ['Last-Event-ID'],
  responses: {
    200: { description: 'The events, with `seq` without gaps.', content: eventStreams },
  },
  errors: ['step_not_found'],
  sample: '-N "$STEPPE_URL/v1/sessions/$SESSION/steps/$STEP/events?after=0"',
} as const satisfies Operation;
