import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { realParts } from '../testing/real-parts.ts';
import { testApi } from '../testing/test-api.ts';
import { respondText } from './call.ts';
import { type HttpServer, listen } from './server/http-server.ts';

let server: HttpServer;
beforeAll(async () => {
  const app = testApi({
    'GET /files/*': (call) => respondText(call, 'file'),
    'PUT /files/*': (call) => respondText(call, 'written'),
    'GET /files': (call) => respondText(call, 'list'),
    'GET /items/:id': (call) => respondText(call, `${call.operation} ${call.params.id}`),
    'GET /target': ({ outgoing, pathname, search }) => void outgoing.end(pathname + search),
  });
  server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
});
afterAll(() => server.close(0));

async function send(method: string, target: string): Promise<{ head: string; body: string }> {
  const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { head, body };
}

it.each(['a', 'a/b/c', 'a%20b', 'a%0Ab', '%0A', 'a%2Fb', '%E2%80%A8', 'a/', '%', '%zz'])(
  'accepts %s as the rest of the path',
  async (rest) => {
    expect((await send('GET', `/files/${rest}`)).body).toBe('file');
    expect((await send('POST', `/files/${rest}`)).head).toMatch(/\r\nAllow: GET, HEAD, PUT\r\n/i);
  },
);

it('refuses an empty rest', async () => {
  expect((await send('GET', '/files/')).head).toMatch(/^HTTP\/1.1 404 /);
  expect((await send('GET', '/files')).body).toBe('list');
});

it('decodes a parameter once', async () => {
  expect((await send('GET', '/items/a%2520b')).body).toBe('GET /items/:id a%20b');
  expect((await send('GET', '/items/a%2Fb')).body).toBe('GET /items/:id a/b');
});

it.each([
  ['/target?a=/../b', '/target?a=/../b'],
  ['/x/../target?', '/target'],
  ['/x/%2e%2E/target?a', '/target?a'],
  ['/targe%74', '/targe%74'],
  ['/target#a?b', '/target'],
])('routes %s by the path that it forwards', async (target, forwarded) => {
  expect((await send('GET', target)).body).toBe(forwarded);
});

it('sends the head of a GET in response to HEAD', async () => {
  const { head, body } = await send('HEAD', '/files');
  expect(head).toMatch(/^HTTP\/1.1 200 [\s\S]*\r\ncontent-length: 4/);
  expect(body).toBe('');
});
