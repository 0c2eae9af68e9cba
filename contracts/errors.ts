import * as z from 'zod';

interface ErrorKind {
  status:
    | 400
    | 401
    | 403
    | 404
    | 405
    | 409
    | 410
    | 412
    | 413
    | 415
    | 416
    | 421
    | 422
    | 425
    | 429
    | 500
    | 503
    | 504
    | 507;
  retryable: boolean;
}

/**
 * Every error code of the API, with its HTTP status and the default of `retryable`, which the
 * thrower may override.
 */
export const errorKinds = {
  invalid_request: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  insufficient_scope: { status: 403, retryable: false },
  session_not_found: { status: 404, retryable: false },
  step_not_found: { status: 404, retryable: false },
  file_not_found: { status: 404, retryable: false },
  route_not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  runtime_restarted: { status: 409, retryable: false },
  epoch_mismatch: { status: 409, retryable: false },
  step_conflict: { status: 409, retryable: false },
  file_conflict: { status: 409, retryable: false },
  /** Only between the planes and an agent: the agent has already been bound. */
  already_bound: { status: 409, retryable: false },
  session_ended: { status: 410, retryable: false },
  precondition_failed: { status: 412, retryable: false },
  payload_too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  range_not_satisfiable: { status: 416, retryable: false },
  /** Only between the planes and an agent: the token is for another instance or session. */
  misdirected: { status: 421, retryable: false },
  idempotency_key_reused: { status: 422, retryable: false },
  start_failed: { status: 422, retryable: false },
  session_not_ready: { status: 425, retryable: true },
  quota_exceeded: { status: 429, retryable: true },
  step_queue_full: { status: 429, retryable: true },
  rate_limited: { status: 429, retryable: true },
  internal: { status: 500, retryable: false },
  /** No caller can be verified at the moment: the issuer's keys are unavailable. */
  identity_unavailable: { status: 503, retryable: true },
  runtime_unreachable: { status: 503, retryable: false },
  provisioning_failed: { status: 503, retryable: true },
  route_store_unavailable: { status: 503, retryable: true },
  step_deadline_exceeded: { status: 504, retryable: false },
  no_space: { status: 507, retryable: false },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;
export type ErrorStatus = ErrorKind['status'];

const errorCodes = Object.keys(errorKinds) as [ErrorCode, ...ErrorCode[]];

export const errorBodySchema = z.strictObject({
  error: z.strictObject({
    code: z.enum(errorCodes),
    message: z.string(),
    retryable: z.boolean(),
    request_id: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
