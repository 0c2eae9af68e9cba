import type { Operation } from '../operation.ts';

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
