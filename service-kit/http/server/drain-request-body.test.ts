import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import { realParts } from '../../testing/real-parts.ts';
import { testApi } from '../../testing/test-api.ts';
import { readJson } from '../body/read-json.ts';
import { respondText } from '../call.ts';
import { type HttpServer, listen } from './http-server.ts';

let server: HttpServer;
beforeEach(async () => {
  const app = testApi({
    'PUT /refused': (call) => respondText(call, 'no', 413),
    'PUT /begun': async (call) => {
      for await (const _ of call.incoming.iterator({ destroyOnReturn: false })) break;
      respondText(call, 'no', 413);
    },
    'PUT /held': (call) => {
      const { incoming, outgoing } = call;
      outgoing.once('finish', () => setImmediate(() => incoming.pause()));
      respondText(call, 'no', 413);
    },
    'PUT /json': async (call) => {
      await readJson(call, z.unknown(), { maxBytes: 100 }).catch(({ status }) =>
        respondText(call, 'no', status),
      );
    },
  });
  server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
});
afterEach(() => server.close(0));

const megabyte = Buffer.alloc(1024 * 1024, 'x');
const forms = {
  announced: {
    header: `Content-Length: ${100 * megabyte.length}`,
    frame: (bytes: Buffer) => [bytes],
    end: '',
  },
  chunked: {
    header: 'Transfer-Encoding: chunked',
    frame: (bytes: Buffer) => [`${bytes.length.toString(16)}\r\n`, bytes, '\r\n'],
    end: '0\r\n\r\n',
  },
};

it.each([
  { path: '/refused', form: 'announced' as const },
  { path: '/refused', form: 'chunked' as const },
  { path: '/begun', form: 'announced' as const },
  { path: '/begun', form: 'chunked' as const },
  { path: '/held', form: 'announced' as const },
  { path: '/held', form: 'chunked' as const },
  { path: '/json', form: 'announced' as const },
  { path: '/json', form: 'chunked' as const },
])(
  'a client that reads its response after 100 MB, $form, to $path, receives it',
  async ({ path, form }) => {
    const kept = await sendMuch(path, form, 'keep-alive');
    kept.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await readAll(kept)).toMatch(/^HTTP\/1.1 413 [\s\S]*HTTP\/1.1 404 /);
    expect(await readAll(await sendMuch(path, form, 'close'))).toMatch(/^HTTP\/1.1 413 [\s\S]*no$/);
  },
);

async function sendMuch(
  path: string,
  form: keyof typeof forms,
  connection: string,
): Promise<Socket> {
  const { header, frame, end } = forms[form];
  const socket = connect(server.port, '127.0.0.1');
  socket.pause();
  socket.write(
    `PUT ${path} HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\nContent-Type: application/json\r\n${header}\r\n\r\n`,
  );
  for (let sent = 0; sent < 100; sent++) {
    for (const part of frame(megabyte)) if (!socket.write(part)) await once(socket, 'drain');
  }
  socket.write(end);
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

it('keeps a connection open once the whole body has arrived', async () => {
  const socket = connect(server.port, '127.0.0.1');
  const responses: string[] = [];
  socket.on('data', (bytes) => responses.push(bytes.toString()));
  const put = 'PUT /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n';
  socket.write(`${put}${'x'.repeat(500_000)}`);
  while (!responses.join('').includes('413')) await once(socket, 'data');
  // The rest of the body, sent before the connection has been quiet for long, and the next request
  // right behind it.
  socket.write(`${'x'.repeat(500_000)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`);
  await expect.poll(() => responses.join('')).toContain('404');
  // A connection whose body stops half-way is closed later than this one would be.
  const idle = connect(server.port, '127.0.0.1').resume();
  idle.write(`${put}${'x'.repeat(500_000)}`);
  await once(idle, 'close');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await once(socket, 'end');
  expect(responses.join('').match(/HTTP\/1.1 404/g)).toHaveLength(2);
});
