import { stepListSchema } from '../../step.ts';
import { stepListQuerySchema } from '../../step-request.ts';
import type { Operation } from '../operation.ts';
import { completed, failed } from './examples.ts';

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
