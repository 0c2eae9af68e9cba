import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { errorBodySchema } from '@steppe/contracts/errors';
import type { Client } from './client.ts';

export interface RawResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Sends bytes unchanged, which no client library would do, and reads until the server closes the
 * connection.
 */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<RawResponse> {
  const socket = connect(port, '127.0.0.1');
  // The sending side stays open: a client that closes it counts as disconnected.
  socket.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const split = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, split).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (split === -1 || !status)
    throw new Error(`not an HTTP response: ${JSON.stringify(text.slice(0, 200))}`);
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const rest = text.slice(split + 4);
  return {
    status,
    headers,
    body: headers['transfer-encoding'] === 'chunked' ? unchunk(rest) : rest,
  };
}

/** Sends one request with its target and header values unchanged. */
export function callRaw(
  client: Client,
  method: string,
  target: string,
  headers: Record<string, string> = {},
  body = '',
) {
  const { hostname, port } = new URL(client.url);
  const sent: Record<string, string> = {
    host: `${hostname}:${port}`,
    authorization: `Bearer ${client.token}`,
    connection: 'close',
    ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`);
  return sendRaw(Number(port), `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

export const errorIn = ({ body }: RawResponse) => errorBodySchema.parse(JSON.parse(body)).error;

/** Opens a request: the caller writes the body and may disconnect at any time by `destroy`. */
export function open(
  client: Client,
  method: string,
  path: string,
  headers: Record<string, string | number> = {},
): ClientRequest {
  const opened = request(`${client.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${client.token}`, ...headers },
    agent: false,
  });
  return opened.on('error', () => {});
}

export async function responseOf(opened: ClientRequest): Promise<IncomingMessage> {
  const [response] = await once(opened, 'response');
  return response;
}

function unchunk(text: string): string {
  const size = Number.parseInt(text, 16);
  const start = text.indexOf('\r\n') + 2;
  return size ? text.slice(start, start + size) + unchunk(text.slice(start + size + 2)) : '';
}
