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
