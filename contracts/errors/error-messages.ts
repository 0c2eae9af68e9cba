import type { Scope } from '../scopes.ts';

/**
 * The usual message of each error that a client can see. The code that throws the error and the
 * example in the documentation both call it. A message says what is wrong and what to do.
 */
export const errorMessages = {
  invalid_request: (what: string, path: string, why: string) =>
    `the ${what} is not valid${path ? ` at ${path}` : ''}: ${why}`,
  unauthenticated: () => 'there is no token; send Authorization: Bearer <JWT>',
  insufficient_scope: (scope: Scope) => `the token lacks the scope ${scope}`,
  session_not_found: () => 'there is no session with this id',
  step_not_found: (stepId: string) => `this session has no step ${stepId}`,
  file_not_found: (named: string) => `there is no file ${named} in the workspace`,
  route_not_found: () =>
    'no such path; see /docs. Paths have no trailing slash and no empty segment',
  method_not_allowed: (method: string, allow: string) =>
    `${method} is not allowed here; use ${allow}`,
  runtime_restarted: (epoch: number) =>
    `the interpreter was restarted and its memory was lost; its epoch is now ${epoch}`,
  epoch_mismatch: (epoch: number) =>
    `the interpreter is at epoch ${epoch}: the memory that the request expects is lost`,
  step_conflict: (stepId: string) =>
    `the step ${stepId} was submitted before with a different request; send this one with another step_id`,
  file_conflict: (named: string) => `the directory ${named} is not empty`,
  session_ended: (sessionId: string, endReason: string) =>
    `session ${sessionId} has ended (${endReason}); create a new one`,
  precondition_failed: (what: string) => `${what}; nothing was changed`,
  payload_too_large: (what: string, maxBytes: number) => `${what} is larger than ${maxBytes} bytes`,
  unsupported_media_type: (seen: string) => `${seen}; send application/json`,
  range_not_satisfiable: (sizeBytes: number) =>
    `the range is outside the file, which has ${sizeBytes} bytes`,
  idempotency_key_reused: () =>
    'this Idempotency-Key was used with a different body; send a new key',
  start_failed: () =>
    'the interpreter does not start with the variables of env; details.end_detail has its output',
  session_not_ready: (sessionId: string) => `session ${sessionId} is being created; try again`,
  quota_exceeded: (quota: number) =>
    `the tenant has reached its quota of ${quota} live sessions; end one, or wait until one ends`,
  step_queue_full: (queued: number) =>
    `${queued} steps are queued already; send this step again after one of them has ended`,
  rate_limited: (perSecond: number) =>
    `the tenant makes more than ${perSecond} calls per second; call again after Retry-After`,
  internal: () => 'an internal error occurred; the log has the cause under this request_id',
  runtime_unreachable: () =>
    'the runtime of the session cannot be reached; get the session to see whether it is alive',
  provisioning_failed: (why: string, retryable: boolean) =>
    `the session ${why}; it was rolled back${retryable ? ', try again' : ''}`,
  route_store_unavailable: () => 'the session store does not respond; try again',
  identity_unavailable: () =>
    'tokens cannot be verified just now: the issuer’s keys cannot be fetched; try again',
  step_deadline_exceeded: (seconds: number) =>
    `the runtime sent nothing for ${seconds} s; the request may still be running: fetch it by its id`,
  no_space: () => 'the workspace is full; delete files or request more ephemeral_storage',
} as const;
