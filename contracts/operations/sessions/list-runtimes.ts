import { runtimeListSchema } from '../../session.ts';
import type { Operation } from '../operation.ts';

const python = {
  name: 'python',
  language: 'python',
  default_resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
  max_resources: { cpu: '4', memory: '8Gi', ephemeral_storage: '10Gi' },
};

export const listRuntimes = {
  method: 'GET',
  path: '/v1/runtimes',
  scope: 'sessions:read',
  servedBy: 'control-plane',
  tag: 'sessions',
  summary: 'List runtimes',
  description: 'Lists the runtimes that a session may use.',
  responses: {
    200: {
      description: 'All runtimes.',
      content: {
        'application/json': {
          json: runtimeListSchema,
          examples: { builtIn: { value: { runtimes: [python] } } },
        },
      },
    },
  },
  errors: [],
  sample: '$STEPPE_URL/v1/runtimes',
} as const satisfies Operation;
