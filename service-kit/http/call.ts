import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '@steppe/contracts/errors';
import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '../process/clock.ts';

/**
 * The fields that a handler adds to the request's one log line, under the names used in the log.
 */
export type LogFields = { outcome?: Outcome } & Record<
  string,
  string | number | boolean | undefined
>;

/** One request, from its arrival to the end of its response, over Node's own objects. */
export interface Call {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly clock: Clock;
  readonly method: string;
  readonly requestId: string;
  /** Measured with `clock.monotonicMs`. */
  readonly arrivedAtMs: number;
  /**
   * The path that was routed and may be forwarded: `..` and `%2e%2e` are resolved in it, while the
   * raw request line still contains them.
   */
  pathname: string;
  /** The query with its `?`; empty without one. */
  search: string;
  /** The parameters of the path, decoded. */
  params: Readonly<Record<string, string>>;
  /** The name of the operation, which is a metric label. */
  operation: string;
  /** Added to whatever response this call gets; names in lower case. */
  readonly headers: Record<string, string>;
  readonly logFields: LogFields;
}

export function createCall(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { clock, ids }: { clock: Clock; ids: Ids },
): Call {
  const requestId = requestIdFrom(incoming.headers['x-request-id'], ids);
  return {
    incoming,
    outgoing,
    clock,
    method: incoming.method ?? 'GET',
    requestId,
    arrivedAtMs: clock.monotonicMs(),
    pathname: '',
    search: '',
    params: {},
    operation: 'none',
    // User code decides the content of files and output: a browser must not guess from it that a
    // response is a page or a script.
    headers: { 'x-request-id': requestId, 'x-content-type-options': 'nosniff' },
    logFields: {},
  };
}

/**
 * How a call ended, for its log line, its metrics and its span. `ok`: a status below 400; `error`:
 * another service responded with the status in the line; `aborted`: the client left, or this
 * process exited, before the response was complete; `stalled`: the client read nothing of its
 * response for too long; an error code: the response of this service, or the reason why a response
 * that had begun was cut off.
 */
export type Outcome = 'ok' | 'error' | 'aborted' | 'stalled' | ErrorCode;

const sane = /^[A-Za-z0-9._:-]{1,128}$/;

/** Returns the caller's `X-Request-Id` if it is a sane one, else a new one. */
export const requestIdFrom = (given: unknown, ids: Ids): string =>
  typeof given === 'string' && sane.test(given) ? given : ids.uuid();

/**
 * Returns the value of all lines of a header. Node keeps only the first line of some headers, such
 * as `authorization` and `content-type`; other servers may read another one.
 */
export function joinedHeader({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  let joined: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const line = rawHeaders[i] ?? '';
    if (line.length !== name.length || line.toLowerCase() !== name) continue;
    joined = joined === undefined ? rawHeaders[i + 1] : `${joined}, ${rawHeaders[i + 1]}`;
  }
  return joined;
}

type Headers = Record<string, string>;

/** Sends a whole response. Its length is set unless `headers` has one. */
export function respond(call: Call, status: number, headers: Headers = {}, body = ''): void {
  const all: Headers = { ...call.headers, ...headers };
  const hasLength = 'content-length' in headers || status === 204 || status === 304;
  if (!hasLength) all['content-length'] = String(Buffer.byteLength(body));
  call.outgoing.writeHead(status, all).end(body);
}

export const respondJson = (
  call: Call,
  value: unknown,
  status = 200,
  headers: Headers = {},
): void =>
  respond(call, status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));

export const respondText = (call: Call, text: string, status = 200): void =>
  respond(call, status, { 'content-type': 'text/plain; charset=UTF-8' }, text);

/** Node's own response, with the headers of the call, for responses that are streamed. */
export function streamedResponse({ outgoing, headers }: Call): ServerResponse {
  for (const name in headers) outgoing.setHeader(name, headers[name] ?? '');
  return outgoing;
}
