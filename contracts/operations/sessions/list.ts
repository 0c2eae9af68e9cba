import { listSessionsQuerySchema, sessionListSchema } from '../../session.ts';
import type { Operation } from '../operation.ts';
import { listedSession } from './examples.ts';

const endedSession = {
  ...listedSession,
  state: 'ended',
  ended_at: '2026-11-23T09:15:12.300Z',
  end_reason: 'idle',
  end_detail: 'no call for idle_timeout_seconds',
};

export const listSessions = {
  method: 'GET',
  path: '/v1/sessions',
  scope: 'sessions:read',
  servedBy: 'control-plane',
  tag: 'sessions',
  summary: 'List sessions',
  description:
    'Lists the sessions of the tenant, newest first. Ended sessions are listed for a day after their end.',
  query: listSessionsQuerySchema,
  queryPatterns: {
    name: 'metadata',
    description: 'Only sessions with these pairs, each a parameter `metadata.<key>=<value>`.',
    schema: {
      type: 'object',
      patternProperties: {
        '^metadata\\.[^\\u0000]{1,4096}$': { type: 'string', maxLength: 4096 },
      },
      additionalProperties: false,
      maxProperties: 16,
    },
    example: { 'metadata.job': '7' },
  },
  responses: {
    200: {
      description: 'A page of sessions.',
      content: {
        'application/json': {
          json: sessionListSchema,
          examples: {
            page: { value: { sessions: [listedSession, endedSession], next_cursor: null } },
          },
        },
      },
    },
  },
  errors: [],
  sample: `"$STEPPE_URL/v1/sessions?state=ready&metadata.job=7"`,
} as const satisfies Operation;
