import { connect, type Socket } from 'node:net';
import type { LoadRequest } from './load-spec.ts';
import { type ReadResponse, ResponseReader } from './response-reader.ts';

/** A connection that has one request at a time. */
export interface Connection {
  send(request: Buffer, onResponse: (response: ReadResponse) => void): void;
  close(): void;
}

/** @param onError receives failures of the connection, and responses other than 2xx. */
export function openConnection(port: number, onError: (error: Error) => void): Connection {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let waiting: ((response: ReadResponse) => void) | undefined;
  const reader = new ResponseReader((response) => {
    const settle = waiting;
    waiting = undefined;
    if (response.status >= 300) onError(new Error(`a response has status ${response.status}`));
    else settle?.(response);
  });
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  socket.on('error', onError);
  socket.on('close', () => {
    if (waiting) onError(new Error('a connection closed before its response'));
  });
  return {
    send(request, onResponse) {
      waiting = onResponse;
      socket.write(request);
    },
    close() {
      waiting = undefined;
      socket.destroy();
    },
  };
}

/** A request as it goes over the wire. */
export function encodeRequest({ method, path, headers, body }: LoadRequest): Buffer {
  const bytes =
    typeof body === 'object' ? Buffer.alloc(body.bytes, 'steppe ') : Buffer.from(body ?? '');
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`content-length: ${bytes.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes]);
}
