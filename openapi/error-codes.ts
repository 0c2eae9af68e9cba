import type { ErrorCode } from '@steppe/contracts/errors';

/** All codes except those used only between the planes and agents. */
export type PublicErrorCode = Exclude<ErrorCode, 'already_bound' | 'misdirected'>;

interface ErrorText {
  /** When the error occurs, and what to do. */
  when: string;
  /** An example of the message. */
  message: string;
  details?: Record<string, unknown>;
}

/** The description of every code that a client can see. */
export const errorTexts: Record<PublicErrorCode, ErrorText> = {
  invalid_request: {
    when: 'A body, a parameter, a header or a file path breaks its schema; `details.issues` lists each place.',
    message: 'the body is not valid at timeout_ms: must be at least 1',
    details: { issues: [{ path: 'timeout_ms', message: 'must be at least 1' }] },
  },
  unauthenticated: {
    when: 'No token, or one that is expired, badly signed or of another issuer; `WWW-Authenticate` says which.',
    message: 'the token has expired; get a new one',
  },
  insufficient_scope: {
    when: 'The token lacks the scope of this call. Where no token is needed (`AUTH_MODE=bypass`): the request is for a host that is not served, or comes from a web page of another origin.',
    message: 'the token lacks the scope sessions:write',
  },
  session_not_found: {
    when: 'The session never existed, is long gone, or belongs to another tenant: the responses are identical.',
    message: 'there is no session of this id',
  },
  step_not_found: {
    when: 'The session has no such step, or no longer remembers it.',
    message: 'this session has no step stp_01JD90FQ5M8T2XW6Z4B7C9D1EF',
  },
  file_not_found: {
    when: 'The workspace has no such file.',
    message: 'there is no file "report.csv" in the workspace',
  },
  route_not_found: {
    when: 'The API has no such path.',
    message: 'no such path; see /docs. Paths have no trailing slash and no empty segment',
  },
  method_not_allowed: {
    when: 'The path has other methods; `Allow` lists them.',
    message: 'PUT is not allowed here; use GET, HEAD, POST',
  },
  runtime_restarted: {
    when: 'The memory was lost since the last step, and the step was not run. Send it again with a new id, or with the new `epoch`.',
    message: 'the interpreter was restarted and its memory is lost; it is at epoch 2 now',
    details: { epoch: 2 },
  },
  epoch_mismatch: {
    when: 'The request named an `epoch`, and the interpreter is at another one.',
    message: 'the interpreter is at epoch 2: the memory that the request expects is gone',
    details: { epoch: 2 },
  },
  step_conflict: {
    when: 'The `step_id` was used for another step, or for one whose result is forgotten (`details.reason`): it never runs twice.',
    message:
      'the step load-data was submitted before with another request; send this one under another step_id',
  },
  file_conflict: {
    when: 'A file where a directory is needed, or the reverse, or a directory that is not empty.',
    message: 'the directory "results" is not empty',
  },
  session_ended: {
    when: 'The session has terminated; `details.end_reason` says why. Create another.',
    message: 'the session has ended (idle); create a new one',
    details: { end_reason: 'idle' },
  },
  precondition_failed: {
    when: 'The file is not the one that `If-Match` or `If-None-Match` requested.',
    message: 'the file has changed since; read it again',
  },
  payload_too_large: {
    when: 'Code, environment, body or file pass a limit, which `details` names.',
    message: 'code is larger than 1048576 bytes',
    details: { limit: 'code', max_bytes: 1_048_576 },
  },
  unsupported_media_type: {
    when: 'A body that is not `application/json`.',
    message: 'the content-type is text/plain; send application/json',
  },
  range_not_satisfiable: {
    when: 'The `Range` lies outside the file.',
    message: 'the file has 120 bytes',
  },
  idempotency_key_reused: {
    when: 'The `Idempotency-Key` came before with another body.',
    message: 'this Idempotency-Key was used with a different body; send a new key',
  },
  session_not_ready: {
    when: 'The session is still being made. Try again after `Retry-After` seconds.',
    message: 'the session is being created; try again',
  },
  quota_exceeded: {
    when: 'The tenant has as many live sessions as it may. Delete one, or try later.',
    message: 'the tenant has 50 sessions, which is its quota; end one, or wait for one to end',
    details: { quota: 50 },
  },
  step_queue_full: {
    when: 'Sixteen steps wait already. Try again after `Retry-After` seconds.',
    message: '16 steps are queued already; send this one again when one has ended',
  },
  rate_limited: {
    when: 'The tenant sends more than it may, or request bodies fill the memory for them. Try again after `Retry-After` seconds.',
    message: 'the tenant sends more requests than it may; try again in 1 s',
  },
  internal: {
    when: 'Something failed on our side; the operator finds it in the log under `request_id`.',
    message: 'something failed on our side; the log has the cause under this request_id',
  },
  runtime_unreachable: {
    when: 'The session, or who makes sessions, cannot be reached. `retryable` says whether the same request may be sent again.',
    message:
      'no connection to the runtime of the session could be made; get the session to see whether it is alive',
    details: { attempts: 4 },
  },
  route_store_unavailable: {
    when: 'The table of sessions does not respond, and the session is not known here. Try again.',
    message: 'the session store does not respond; try again',
  },
  identity_unavailable: {
    when: 'The keys of the token’s issuer cannot be fetched, and the token is not known here. Try again.',
    message: 'the keys of the issuer cannot be fetched; try again',
  },
  step_deadline_exceeded: {
    when: 'The session sent nothing for too long. A step may still be running: get it by its id.',
    message:
      'the runtime sent nothing for 15 s; the request may still be running: fetch it by its id',
  },
  no_space: {
    when: 'The workspace is full.',
    message: 'the workspace is full; delete files or request more ephemeral_storage',
  },
};

export const publicErrorCodes = Object.keys(errorTexts) as [PublicErrorCode, ...PublicErrorCode[]];
