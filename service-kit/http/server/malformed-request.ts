import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ids } from '@steppe/contracts/ids';
import { AppError, internalError } from '../app-error.ts';
import { requestIdFrom } from '../request-id.ts';

/** Of a request that is refused before an app sees it. */
export interface Refusal {
  status: number;
  message: string;
  details?: Record<string, unknown>;
}

/** The request that came last on a connection. */
interface Latest {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}

/** Responds to what Node could not parse with our error format; Node's own response has no body. */
export function rejectMalformedRequests(server: Server, maxHeaderBytes: number, ids: Ids): void {
  const latest = new WeakMap<Duplex, Latest>();
  const waiting = new WeakSet<Duplex>();
  server.on('request', (incoming, outgoing) => latest.set(incoming.socket, { incoming, outgoing }));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // To whoever leaves while a response is open nothing is said; each further piece of a malformed
    // request is an error again.
    const isBehind = waiting.has(socket) || isOpen(latest.get(socket));
    if (!socket.writable || (isBehind && socket.readableEnded)) return void socket.destroy();
    if (waiting.has(socket)) return;
    waiting.add(socket);
    const refusal = explain(error, maxHeaderBytes);
    afterOpenResponses(
      socket,
      latest.get(socket),
      () => socket.writable && refuse(socket, refusal, ids),
    );
  });
  server.on('connect', (_, socket) => {
    // Node has let go of the connection: nothing else listens to it, and nothing reads it.
    socket.on('error', () => socket.destroy()).once('end', () => socket.destroy());
    socket.resume();
    afterOpenResponses(
      socket,
      latest.get(socket),
      () => socket.writable && refuse(socket, connectRefused, ids),
    );
  });
  server.on('checkExpectation', (incoming, outgoing) =>
    refuseRequest(incoming, outgoing, ids, {
      status: 417,
      message: 'the only supported expectation is 100-continue',
    }),
  );
}

const connectRefused: Refusal = {
  status: 400,
  message: 'CONNECT is not possible: this server is not a proxy',
};

/** A request that is whole and has not its whole response, or that waits for one before it. */
const isOpen = (latest: Latest | undefined): boolean =>
  latest !== undefined &&
  !latest.outgoing.writableFinished &&
  (latest.incoming.complete || !latest.outgoing.socket);

/**
 * In the middle of a response an error would be read as a part of it, and before it as the response
 * to another request.
 */
function afterOpenResponses(socket: Duplex, latest: Latest | undefined, respond: () => void): void {
  if (!latest || (latest.incoming.complete && latest.outgoing.writableFinished)) respond();
  else if (latest.incoming.complete) latest.outgoing.once('close', respond);
  // From here on the error is in the body of the latest request, which may have its response, or a
  // part of it.
  else if (latest.outgoing.writableEnded) socket.end(() => socket.destroy());
  else if (latest.outgoing.headersSent) socket.destroy();
  else if (latest.outgoing.socket) respond();
  else latest.outgoing.once('socket', respond);
}

/** The response to a request that was read, and whose target or `Host` makes no URL. */
export function respondToBadTarget(error: unknown, ids: Ids): Response {
  const isTarget = error instanceof Error && error.name === 'RequestError';
  const shown = isTarget
    ? new AppError('invalid_request', `the request names no valid URL: ${error.message}`)
    : internalError(error);
  const { body, headers } = renderError(shown, ids);
  return new Response(body, { status: shown.status, headers });
}

function explain({ code, message }: NodeJS.ErrnoException, maxHeaderBytes: number): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const details = { limit: 'headers', max_bytes: maxHeaderBytes };
    return {
      status: 431,
      message: `the request line and headers are larger than ${maxHeaderBytes} bytes`,
      details,
    };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: 408, message: 'the request line and headers took too long' };
  }
  return { status: 400, message: `the request is not HTTP/1.1: ${message}` };
}

function refuse(socket: Duplex, { status, message, details = {} }: Refusal, ids: Ids): void {
  const { body, headers } = renderError(new AppError('invalid_request', message, { details }), ids);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}Connection: close\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
}

/** Responds in the same way to a request that Node could parse, and closes its connection. */
export function refuseRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  ids: Ids,
  refusal: Refusal,
): void {
  const { status, message, details = {} } = refusal;
  const { body, headers } = renderError(
    new AppError('invalid_request', message, { details }),
    ids,
    incoming,
  );
  outgoing.writeHead(status, { ...headers, Connection: 'close' }).end(body);
}

/** A response in the form of all errors, for where there is no app to make it. */
export function renderError(error: AppError, ids: Ids, incoming?: IncomingMessage) {
  const requestId = requestIdFrom(incoming?.headers['x-request-id'], ids);
  const body = JSON.stringify(error.toBody(requestId));
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': requestId,
    ...error.headers,
  };
  return { body, headers };
}
