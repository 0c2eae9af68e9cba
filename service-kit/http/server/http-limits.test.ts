import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { errorBodySchema } from '@steppe/contracts/errors';
import { afterEach, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { realParts } from '../../testing/real-parts.ts';
import { testApi } from '../../testing/test-api.ts';
import { readJson } from '../body/read-json.ts';
import { respondJson, respondText } from '../call.ts';
import { type HttpServer, listen } from './http-server.ts';

const opened: Socket[] = [];
let server: HttpServer | undefined;
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await server?.close(0);
});

const app = () =>
  testApi({
    'GET /text': (call) => respondText(call, 'whole'),
    'GET /never': () => {},
    'POST /json': async (call) =>
      respondJson(call, await readJson(call, z.unknown(), { maxBytes: 100, limitMs: 100 })),
  });

function open(text: string): Socket {
  if (!server) throw new Error('no server');
  const socket = connect(server.port, '127.0.0.1');
  opened.push(socket);
  socket.on('error', () => {});
  socket.write(text);
  return socket;
}

/** Everything that arrives until the server closes the connection. */
async function readAll(socket: Socket): Promise<{ head: string; body: string }> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { head, body };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const errorIn = (body: string) => errorBodySchema.parse(JSON.parse(body)).error;

it('lets thousands of callers connect at once, before it accepts them', async () => {
  const created: Server[] = [];
  const network = {
    ...realParts.network,
    createServer: (options: ServerOptions, handle: RequestListener) => {
      const one = createServer(options, handle);
      vi.spyOn(one, 'listen');
      created.push(one);
      return one;
    },
  };
  server = await listen({ app: app(), host: '127.0.0.1', port: 0, ...realParts, network });
  expect(created[0]?.listen).toHaveBeenCalledWith(0, '127.0.0.1', 4096);
});

it('refuses requests on an excess connection until another connection has closed', async () => {
  server = await listen({
    app: app(),
    host: '127.0.0.1',
    port: 0,
    maxConnections: 1,
    ...realParts,
  });
  const first = open(get('/text'));
  await once(first, 'data');
  const { head, body } = await readAll(
    open('GET /text HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n'),
  );
  expect(head).toMatch(/^HTTP\/1.1 429 [\s\S]*Retry-After: 1/);
  expect(errorIn(body)).toMatchObject({
    code: 'rate_limited',
    retryable: true,
    request_id: 'mine',
    details: { limit: 'connections', max_connections: 1 },
  });
  first.destroy();
  await expect
    .poll(async () => (await once(open(get('/text')), 'data'))[0].toString())
    .toContain('200 OK');
});

it('accepts reserved requests on an excess connection, and then closes it', async () => {
  const isReserved = ({ url }: IncomingMessage) => url === '/text?reserved';
  server = await listen({
    app: app(),
    host: '127.0.0.1',
    port: 0,
    maxConnections: 2,
    isReserved,
    ...realParts,
  });
  for (let reader = 0; reader < 2; reader++) await once(open(get('/never')), 'connect');
  expect((await readAll(open(get('/text')))).head).toMatch(/^HTTP\/1.1 429 /);
  const { head, body } = await readAll(open(get('/text?reserved')));
  expect(head).toMatch(/^HTTP\/1.1 200 [\s\S]*Connection: close/i);
  expect(body).toBe('whole');
});

it('refuses a request with headers larger than the configured limit', async () => {
  server = await listen({
    app: app(),
    host: '127.0.0.1',
    port: 0,
    maxHeaderBytes: 4096,
    ...realParts,
  });
  const { head, body } = await readAll(
    open(`GET /text HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(5000)}\r\n\r\n`),
  );
  expect(head).toMatch(/^HTTP\/1.1 431 /);
  expect(errorIn(body).details).toEqual({ limit: 'headers', max_bytes: 4096 });
});

it.each(['Content-Length: 20', 'Transfer-Encoding: chunked'])(
  'gives up a body that does not arrive in time (%s), says so, and closes the connection',
  async (length) => {
    server = await listen({ app: app(), host: '127.0.0.1', port: 0, ...realParts });
    const headers = `Host: a\r\nContent-Type: application/json\r\n${length}\r\n`;
    const { head, body } = await readAll(open(`POST /json HTTP/1.1\r\n${headers}\r\n`));
    expect(head).toMatch(/^HTTP\/1.1 400 /);
    expect(errorIn(body)).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('within 100 ms'),
    });
  },
);

it('closes an inactive connection', async () => {
  server = await listen({
    app: app(),
    host: '127.0.0.1',
    port: 0,
    inactivityMs: 100,
    ...realParts,
  });
  expect(await readAll(open(get('/never')))).toEqual({ head: '', body: '' });
});
