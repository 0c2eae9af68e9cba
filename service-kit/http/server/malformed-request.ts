import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ids } from '@steppe/contracts/ids';
import { AppError } from '../app-error.ts';
import { requestIdFrom } from '../call.ts';

/** The refusal of a request before an app sees it. */
export interface Refusal {
  status: number;
  message: string;
  details?: Record<string, unknown>;
}

/**
 * Sends our error format for a request that Node could not parse; Node's own response has no body.
 */
export function rejectMalformedRequests(server: Server, maxHeaderBytes: number, ids: Ids): void {
  /** The response to the latest request on each connection. */
  const latest = new WeakMap<Duplex, ServerResponse>();
  const waiting = new WeakSet<Duplex>();
  server.on('request', ({ socket }, outgoing) => latest.set(socket, outgoing));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A client that leaves while a response is open gets no message. Each further piece of a
    // malformed request raises another error, which is ignored.
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
    // Node has released the connection: nothing else listens to it or reads it.
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

/**
 * True if a request has arrived completely but its response is incomplete, or if it waits for an
 * earlier response.
 */
const isOpen = (latest: ServerResponse | undefined): boolean =>
  latest !== undefined && !latest.writableFinished && (latest.req.complete || !latest.socket);

/**
 * Waits its turn: in the middle of a response an error would be read as a part of it, and before it
 * as the response to another request.
 */
function afterOpenResponses(
  socket: Duplex,
  latest: ServerResponse | undefined,
  respond: () => void,
): void {
  if (!latest || (latest.req.complete && latest.writableFinished)) respond();
  else if (latest.req.complete) latest.once('close', respond);
  // In the remaining cases, the error is in the body of the latest request, whose response may be
  // complete or begun.
  else if (latest.writableEnded) socket.end(() => socket.destroy());
  else if (latest.headersSent) socket.destroy();
  else if (latest.socket) respond();
  else latest.once('socket', respond);
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

/** Renders a response in our error format when no app can do it. */
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
