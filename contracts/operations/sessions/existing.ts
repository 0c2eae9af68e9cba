import { patchSessionSchema } from '../../session.ts';
import type { Operation } from '../operation.ts';
import { session, sessionResponse } from './examples.ts';

export const getSession = {
  method: 'GET',
  path: '/v1/sessions/:session_id',
  scope: 'sessions:read',
  servedBy: 'control-plane',
  tag: 'sessions',
  summary: 'Get a session',
  description:
    'Returns a session in any state. `epoch` and `last_active_at` come from its agent; they are absent if the agent does not respond at once.',
  responses: { 200: sessionResponse('The session, in any state.', session) },
  errors: ['session_not_found'],
  sample: '$STEPPE_URL/v1/sessions/$SESSION',
} as const satisfies Operation;

export const patchSession = {
  method: 'PATCH',
  path: '/v1/sessions/:session_id',
  scope: 'sessions:write',
  servedBy: 'control-plane',
  tag: 'sessions',
  summary: 'Change how long a session lives, or its metadata',
  description: 'Changes the fields that the body names. An empty object changes nothing.',
  body: {
    required: true,
    content: {
      json: patchSessionSchema,
      examples: {
        extend: {
          summary: 'one hour from now',
          value: { ttl_seconds: 3600, metadata: { job: null, stage: 'review' } },
        },
      },
    },
  },
  responses: {
    200: sessionResponse('The changed session.', { ...session, metadata: { stage: 'review' } }),
  },
  errors: [
    'session_not_found',
    'session_ended',
    'session_not_ready',
    'payload_too_large',
    'unsupported_media_type',
  ],
  sample: `-X PATCH -d '{"ttl_seconds":3600}' $STEPPE_URL/v1/sessions/$SESSION`,
} as const satisfies Operation;

export const deleteSession = {
  method: 'DELETE',
  path: '/v1/sessions/:session_id',
  scope: 'sessions:write',
  servedBy: 'control-plane',
  tag: 'sessions',
  summary: 'End a session',
  description:
    'Ends the session and everything that runs in it. A second call returns the same response.',
  responses: { 204: { description: 'The session has ended.' } },
  errors: ['session_not_found'],
  sample: '-X DELETE $STEPPE_URL/v1/sessions/$SESSION',
} as const satisfies Operation;
