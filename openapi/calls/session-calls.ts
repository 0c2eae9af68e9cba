import { createSessionSchema, listSessionsQuerySchema } from '@steppe/contracts/session';
import { endedSession, listedSession, provisioningSession, session } from '../examples.ts';
import type { Call, CallResponse } from './call.ts';
import { ofSession } from './links.ts';

const one = (
  description: string,
  value: unknown,
  more: Partial<CallResponse> = {},
): CallResponse => ({
  description,
  content: {
    'application/json': { content: { json: 'Session' }, examples: { session: { value } } },
  },
  ...more,
});

const { runtime } = createSessionSchema.parse({});
const sizes = { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' };

export const sessionCalls = {
  create_session: {
    summary: 'Create a session',
    description:
      'Starts an interpreter of its own for the caller, and responds when it is ready. A client that leaves before takes its session with it, unless it sent an `Idempotency-Key`.',
    headers: ['idempotencyKey', 'prefer'],
    body: {
      content: { json: 'CreateSession' },
      required: false,
      examples: {
        defaults: { summary: 'a Python session with everything as it comes', value: {} },
        chosen: {
          summary: 'what may be chosen',
          value: {
            runtime,
            ttl_seconds: 7200,
            idle_timeout_seconds: 600,
            env: { STAGE: 'test' },
            resources: { memory: '1Gi' },
            metadata: { job: '7' },
          },
        },
      },
    },
    responses: {
      201: one('The session, ready.', session, {
        headers: ['Location'],
        links: ofSession('$response.body#/session_id'),
      }),
      202: one(
        'Under `Prefer: respond-async`: the session, still being made. Until it is ready, steps return 425.',
        provisioningSession,
        {
          headers: ['Location', 'Preference-Applied'],
          links: ofSession('$response.body#/session_id'),
        },
      ),
    },
    errors: [
      'payload_too_large',
      'unsupported_media_type',
      'idempotency_key_reused',
      'quota_exceeded',
      'session_not_ready',
      'session_ended',
    ],
    sample: `-d '{"runtime":"python","metadata":{"job":"7"}}' $STEPPE_URL/v1/sessions`,
  },
  list_sessions: {
    summary: 'List sessions',
    description: 'The tenant’s, newest first, ended ones included until a day after their end.',
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
            content: { json: 'SessionList' },
            examples: {
              page: { value: { sessions: [listedSession, endedSession], next_cursor: null } },
            },
          },
        },
      },
    },
    errors: [],
    sample: `"$STEPPE_URL/v1/sessions?state=ready&metadata.job=7"`,
  },
  get_session: {
    summary: 'Get a session',
    description:
      '`epoch` and `last_active_at` are requested from its agent, and absent where that does not respond at once.',
    responses: { 200: one('The session, in whatever state.', session) },
    errors: ['session_not_found'],
    sample: '$STEPPE_URL/v1/sessions/$SESSION',
  },
  patch_session: {
    summary: 'Change how long a session lives, or its metadata',
    description: 'What is not named stays. An empty body changes nothing.',
    body: {
      content: { json: 'PatchSession' },
      required: true,
      examples: {
        extend: {
          summary: 'an hour from now',
          value: { ttl_seconds: 3600, metadata: { job: null, stage: 'review' } },
        },
      },
    },
    responses: {
      200: one('The session as it is now.', { ...session, metadata: { stage: 'review' } }),
    },
    errors: [
      'session_not_found',
      'session_ended',
      'session_not_ready',
      'payload_too_large',
      'unsupported_media_type',
    ],
    sample: `-X PATCH -d '{"ttl_seconds":3600}' $STEPPE_URL/v1/sessions/$SESSION`,
  },
  delete_session: {
    summary: 'End a session',
    description: 'What runs in it ends too. Harmless twice.',
    responses: { 204: { description: 'The session has terminated.' } },
    errors: ['session_not_found'],
    sample: '-X DELETE $STEPPE_URL/v1/sessions/$SESSION',
  },
  list_runtimes: {
    summary: 'List runtimes',
    description: 'The runtimes that a session may use.',
    responses: {
      200: {
        description: 'All of them.',
        content: {
          'application/json': {
            content: { json: 'RuntimeList' },
            examples: {
              builtIn: {
                value: {
                  runtimes: [
                    {
                      name: 'python',
                      language: 'python',
                      default_resources: sizes,
                      max_resources: { cpu: '4', memory: '8Gi', ephemeral_storage: '10Gi' },
                    },
                  ],
                },
              },
            },
          },
        },
      },
    },
    errors: [],
    sample: '$STEPPE_URL/v1/runtimes',
  },
} satisfies Record<string, Call>;
