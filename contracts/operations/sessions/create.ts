import { createSessionSchema } from '../../session.ts';
import { createdSessionLinks } from '../links.ts';
import type { Operation } from '../operation.ts';
import { listedSession, session, sessionResponse } from './examples.ts';

export const createSession = {
  method: 'POST',
  path: '/v1/sessions',
  scope: 'sessions:write',
  servedBy: 'control-plane',
  tag: 'sessions',
  summary: 'Create a session',
  description:
    'Starts an interpreter for the caller alone, and responds when it is ready. If the client disconnects before that, the session is removed, unless the request has an `Idempotency-Key`.',
  headers: ['Idempotency-Key', 'Prefer'],
  body: {
    required: false,
    content: {
      json: createSessionSchema,
      examples: {
        defaults: { summary: 'a Python session with the defaults', value: {} },
        chosen: {
          summary: 'every field',
          value: {
            runtime: 'python',
            ttl_seconds: 7200,
            idle_timeout_seconds: 600,
            env: { STAGE: 'test' },
            resources: { memory: '1Gi' },
            metadata: { job: '7' },
          },
        },
      },
    },
  },
  responses: {
    201: sessionResponse('The session is ready.', session, {
      headers: ['Location'],
      links: createdSessionLinks,
    }),
    202: sessionResponse(
      'With `Prefer: respond-async`: the session is being created. Until it is ready, steps return 425.',
      { ...listedSession, state: 'provisioning', instance_id: null, ready_at: null },
      { headers: ['Location', 'Preference-Applied'], links: createdSessionLinks },
    ),
  },
  errors: [
    'payload_too_large',
    'unsupported_media_type',
    'idempotency_key_reused',
    'start_failed',
    'quota_exceeded',
    'session_not_ready',
    'session_ended',
    'provisioning_failed',
  ],
  sample: `-d '{"runtime":"python","metadata":{"job":"7"}}' $STEPPE_URL/v1/sessions`,
} as const satisfies Operation;
