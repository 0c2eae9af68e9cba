import { restartResponseSchema } from '../../step.ts';
import { restartRequestSchema } from '../../step-request.ts';
import type { Operation } from '../operation.ts';

export const restartSession = {
  method: 'POST',
  path: '/v1/sessions/:session_id/restart',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'steps',
  summary: 'Restart the interpreter',
  description:
    'Starts a new interpreter in the same workspace: the memory is lost, files stay, and `epoch` grows by one.',
  body: {
    required: false,
    content: {
      json: restartRequestSchema,
      examples: {
        whatever: { summary: 'at any epoch', value: {} },
        guarded: { summary: 'only at epoch 1', value: { epoch: 1 } },
      },
    },
  },
  responses: {
    200: {
      description: 'The new epoch.',
      content: {
        'application/json': {
          json: restartResponseSchema,
          examples: { restarted: { value: { epoch: 2 } } },
        },
      },
    },
  },
  errors: ['epoch_mismatch', 'payload_too_large', 'unsupported_media_type'],
  sample: '-X POST $STEPPE_URL/v1/sessions/$SESSION/restart',
} as const satisfies Operation;
