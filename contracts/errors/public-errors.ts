import * as z from 'zod';
import { type ErrorCode, errorBodySchema, errorKinds } from '../errors.ts';
import { limits } from '../limits.ts';
import { errorMessages } from './error-messages.ts';

/** All codes except those used only between the planes and agents. */
export type PublicErrorCode = Exclude<ErrorCode, 'already_bound' | 'misdirected'>;

interface ErrorText {
  /** When the error occurs, and what to do. */
  when: string;
  /** An example of the message, from the function that the thrower calls. */
  message: string;
  details?: Record<string, unknown>;
}

/** The description of every code that a client can see. */
export const publicErrors: Record<PublicErrorCode, ErrorText> = {
  invalid_request: {
    when: 'A body, a parameter, a header or a file path does not match its schema; `details.issues` lists each place.',
    message: errorMessages.invalid_request('body', 'timeout_ms', 'must be at least 1'),
    details: { issues: [{ path: 'timeout_ms', message: 'must be at least 1' }] },
  },
  unauthenticated: {
    when: 'There is no token, or it has expired, has an invalid signature or comes from another issuer; `WWW-Authenticate` says which.',
    message: errorMessages.unauthenticated(),
  },
  insufficient_scope: {
    when: 'The token lacks the scope of this call. If no token is needed (`AUTH_MODE=bypass`): the request is for a host that is not served, or comes from a web page of another origin.',
    message: errorMessages.insufficient_scope('sessions:write'),
  },
  session_not_found: {
    when: 'The session never existed, was removed long after its end, or belongs to another tenant: the responses are identical.',
    message: errorMessages.session_not_found(),
  },
  step_not_found: {
    when: 'The session has no such step, or no longer remembers it.',
    message: errorMessages.step_not_found('stp_01JD90FQ5M8T2XW6Z4B7C9D1EF'),
  },
  file_not_found: {
    when: 'The workspace has no such file.',
    message: errorMessages.file_not_found('"report.csv"'),
  },
  route_not_found: {
    when: 'The API has no such path.',
    message: errorMessages.route_not_found(),
  },
  method_not_allowed: {
    when: 'The path does not have this method; `Allow` lists the methods that it has.',
    message: errorMessages.method_not_allowed('PUT', 'GET, HEAD, POST'),
  },
  runtime_restarted: {
    when: 'The memory was lost since the last step, and the step was not run. Send it again with a new id, or with the new `epoch`.',
    message: errorMessages.runtime_restarted(2),
    details: { epoch: 2 },
  },
  epoch_mismatch: {
    when: 'The request names an `epoch`, and the interpreter is at another one.',
    message: errorMessages.epoch_mismatch(2),
    details: { epoch: 2 },
  },
  step_conflict: {
    when: 'The `step_id` was used for another step, or for one whose result is no longer kept (`details.reason`): a step never runs twice.',
    message: errorMessages.step_conflict('load-data'),
  },
  file_conflict: {
    when: 'The path leads to a file where a directory is required, to a directory where a file is required, or to a directory that is not empty.',
    message: errorMessages.file_conflict('"results"'),
  },
  session_ended: {
    when: 'The session has ended; `details.end_reason` says why. Create another.',
    message: errorMessages.session_ended('ses_01JD8Z6Y3V7Q9K2M4N5P6R8S0T', 'idle'),
    details: { end_reason: 'idle' },
  },
  precondition_failed: {
    when: 'The current file does not meet `If-Match`, `If-None-Match` or `If-Unmodified-Since`.',
    message: errorMessages.precondition_failed('the file has changed and does not match If-Match'),
  },
  payload_too_large: {
    when: 'The code, the environment, the body or the file exceeds a limit, which `details` names.',
    message: errorMessages.payload_too_large('code', limits.codeBytes),
    details: { limit: 'code', max_bytes: limits.codeBytes },
  },
  unsupported_media_type: {
    when: 'The body is not `application/json`, or has a content encoding that is not accepted.',
    message: errorMessages.unsupported_media_type('the content-type is text/plain'),
  },
  range_not_satisfiable: {
    when: 'The `Range` lies outside the file.',
    message: errorMessages.range_not_satisfiable(120),
  },
  idempotency_key_reused: {
    when: 'The `Idempotency-Key` was used with another body.',
    message: errorMessages.idempotency_key_reused(),
  },
  session_not_ready: {
    when: 'The session is still being created. Try again after `Retry-After` seconds.',
    message: errorMessages.session_not_ready('ses_01JD8Z6Y3V7Q9K2M4N5P6R8S0T'),
  },
  start_failed: {
    when: 'The interpreter does not start with the variables of `env`. `details.end_detail` has what it printed.',
    message: errorMessages.start_failed(),
    details: {
      session_id: 'ses_01JD2Q8N6V4X7K9M3R5T1W0YZB',
      end_reason: 'start_failed',
      end_detail: 'node: --bogus is not allowed in NODE_OPTIONS',
    },
  },
  quota_exceeded: {
    when: 'The tenant has as many live sessions as its quota allows. Delete one, or try again later.',
    message: errorMessages.quota_exceeded(50),
    details: { quota: 50 },
  },
  step_queue_full: {
    when: 'Sixteen steps are queued already. Try again after `Retry-After` seconds.',
    message: errorMessages.step_queue_full(limits.queuedSteps),
  },
  rate_limited: {
    when: 'The tenant makes more calls than its limit, or request bodies fill the memory that is reserved for them. Try again after `Retry-After` seconds.',
    message: errorMessages.rate_limited(100),
  },
  internal: {
    when: 'An internal error occurred; the operator finds its cause in the log under `request_id`.',
    message: errorMessages.internal(),
  },
  runtime_unreachable: {
    when: 'The session, or the service that creates sessions, cannot be reached. `retryable` says whether the same request can be sent again.',
    message: errorMessages.runtime_unreachable(),
    details: { attempts: 4 },
  },
  provisioning_failed: {
    when: 'The session did not become ready, and was rolled back. `details.end_reason` says why; `retryable` is false if only an operator can help, for example with an image that cannot be pulled.',
    message: errorMessages.provisioning_failed('was not ready in time', true),
    details: {
      session_id: 'ses_01JD2Q8N6V4X7K9M3R5T1W0YZB',
      end_reason: 'provisioning_timeout',
      end_detail: 'not ready within 60 s',
    },
  },
  route_store_unavailable: {
    when: 'The session store does not respond, and the route to the session is not cached. Try again.',
    message: errorMessages.route_store_unavailable(),
  },
  identity_unavailable: {
    when: 'The keys of the token’s issuer cannot be fetched, and the token is not cached. Try again.',
    message: errorMessages.identity_unavailable(),
  },
  step_deadline_exceeded: {
    when: 'The session sent nothing for too long. A step may still be running: get it by its id.',
    message: errorMessages.step_deadline_exceeded(15),
  },
  no_space: {
    when: 'The workspace is full.',
    message: errorMessages.no_space(),
  },
};

export const publicErrorCodes = Object.keys(publicErrors) as [
  PublicErrorCode,
  ...PublicErrorCode[],
];

/** The body of an error as clients see it. */
export const publicErrorSchema = z.strictObject({
  error: errorBodySchema.shape.error.extend({
    code: z.enum(publicErrorCodes),
    message: z.string().describe('what happened and what to do'),
    retryable: z.boolean().describe('whether the same request may succeed later'),
    request_id: z
      .string()
      .describe('the `X-Request-Id` of the response; the operator’s logs contain it'),
  }),
});

/** A whole response with the given code. */
export const errorExample = (code: PublicErrorCode): z.input<typeof publicErrorSchema> => ({
  error: {
    code,
    message: publicErrors[code].message,
    retryable: errorKinds[code].retryable,
    request_id: '3f0c1d52-6a0e-4f5e-9d0a-0b6f2f6f7f11',
    details: publicErrors[code].details ?? {},
  },
});
