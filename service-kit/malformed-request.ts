import { randomUUID } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, internalError } from './app-error.ts';

/** Answers what Node could not read as a request in the form of all other errors; Node's own answer has no body. */
export function answerMalformedRequests(server: Server): void {
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }, outgoing) => answers.set(socket, outgoing));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const begun = answers.get(socket);
    // In the middle of an answer that has begun an error would be read as a part of it.
    if (!socket.writable || (begun?.headersSent && !begun.writableFinished)) return void socket.destroy();
    const { status, message } = explained[error.code ?? ''] ?? {
      status: 400,
      message: `the request is not HTTP/1.1: ${error.message}`,
    };
    refuse(socket, status, message);
  });
  server.on('connect', (_, socket) => refuse(socket, 400, 'CONNECT is not possible: this is no proxy'));
}

/** The answer to a request that was read, and whose target or `Host` makes no URL. */
export function answerBadTarget(error: unknown): Response {
  const isTarget = error instanceof Error && error.name === 'RequestError';
  const shown = isTarget
    ? new AppError('invalid_request', `the request names no valid URL: ${error.message}`)
    : internalError(error);
  const { body, headers } = renderError(shown);
  return new Response(body, { status: shown.status, headers });
}

const explained: Record<string, { status: number; message: string }> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'the request line and headers are too long' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'the request line and headers took too long to come' },
};

function refuse(socket: Duplex, status: number, message: string): void {
  const { body, headers } = renderError(new AppError('invalid_request', message));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}Connection: close\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
}

/** Answers a request that Node could read in the same way, and closes its connection. */
export function refuseRequest(outgoing: ServerResponse, message: string): void {
  const { body, headers } = renderError(new AppError('invalid_request', message));
  outgoing.writeHead(400, { ...headers, Connection: 'close' }).end(body);
}

/** An answer in the form of all errors, for where there is no app to make it. */
export function renderError(error: AppError) {
  const requestId = randomUUID();
  const body = JSON.stringify(error.toBody(requestId));
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': requestId,
    ...error.headers,
  };
  return { body, headers };
}
