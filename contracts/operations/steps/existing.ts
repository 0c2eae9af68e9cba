import { stepListSchema } from '../../step.ts';
import { stepEventsQuerySchema, stepListQuerySchema } from '../../step-request.ts';
import type { Operation } from '../operation.ts';
import { completed, eventStreams, failed, resultResponse, running } from './examples.ts';

export const listSteps = {
  method: 'GET',
  path: '/v1/sessions/:session_id/steps',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'steps',
  summary: 'List steps',
  description:
    'Lists the steps that the session remembers, newest first: the last 256, and at most 64 MiB of them.',
  query: stepListQuerySchema,
  responses: {
    200: {
      description: 'A page of results.',
      content: {
        'application/json': {
          json: stepListSchema,
          examples: { page: { value: { steps: [failed, completed], next_cursor: null } } },
        },
      },
    },
  },
  errors: [],
  sample: '$STEPPE_URL/v1/sessions/$SESSION/steps',
} as const satisfies Operation;

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
    200: {
      description:
        'The events, with `seq` without gaps, except where an `output_dropped` or a `background_dropped` stands for events that are no longer kept.',
      content: eventStreams,
    },
  },
  errors: ['step_not_found'],
  sample: '-N "$STEPPE_URL/v1/sessions/$SESSION/steps/$STEP/events?after=0"',
} as const satisfies Operation;

const printed = { bytes: true, examples: { printed: { value: 'epoch 1: loss 0.41\n' } } } as const;
const outputHeaders = ['Steppe-Dropped-Bytes', 'Accept-Ranges', 'Cache-Control'] as const;

export const getOutput = {
  method: 'GET',
  path: '/v1/sessions/:session_id/steps/:step_id/output/:stream',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'steps',
  summary: 'Read a step’s output',
  description:
    'Streams the bytes that the step wrote to `stdout` or `stderr`, as far as they are kept: of more than 256 MiB, the head and the tail. While the step runs, it returns what exists so far.',
  headers: ['Range'],
  responses: {
    200: {
      description: 'The output; without `Content-Length` while the step runs.',
      headers: outputHeaders,
      content: { 'text/plain': printed },
    },
    206: {
      description: 'The range of kept bytes that was requested.',
      headers: [...outputHeaders, 'Content-Range'],
      content: { 'text/plain': printed },
    },
  },
  errors: ['step_not_found', 'range_not_satisfiable'],
  sample: '$STEPPE_URL/v1/sessions/$SESSION/steps/$STEP/output/stdout',
} as const satisfies Operation;

export const cancelStep = {
  method: 'POST',
  path: '/v1/sessions/:session_id/steps/:step_id/cancel',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'steps',
  summary: 'Cancel a step',
  description:
    'Interrupts the step; the memory is kept if the language allows it. A second cancel interrupts what the code does after the first. A queued step never runs.',
  responses: {
    200: resultResponse('The step had ended already; nothing changes.', { completed }),
    202: resultResponse('The result so far; the step ends soon.', { running }),
  },
  errors: ['step_not_found', 'payload_too_large', 'unsupported_media_type'],
  sample: '-X POST $STEPPE_URL/v1/sessions/$SESSION/steps/$STEP/cancel',
} as const satisfies Operation;
