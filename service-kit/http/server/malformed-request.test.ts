import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { errorBodySchema } from '@steppe/contracts/errors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { realParts } from '../../testing/real-parts.ts';
import { testApi } from '../../testing/test-api.ts';
import { respondText } from '../call.ts';
import { type HttpServer, listen } from './http-server.ts';
import { rejectMalformedRequests } from './malformed-request.ts';

let server: HttpServer;
let isHeld = false;
let release = () => {};
const released = new Promise<void>((resolve) => {
  release = resolve;
});
beforeAll(async () => {
  const app = testApi({
    'GET /text': (call) => respondText(call, 'whole'),
    'POST /held': async (call) => {
      isHeld = true;
      await released;
      respondText(call, 'held');
    },
  });
  server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
});
afterAll(() => server.close(0));

async function send(text: string, port = server.port): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  let response = '';
  for await (const chunk of socket) response += chunk;
  return response;
}

it.each([
  { what: 'a target without a slash', text: 'GET text HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  {
    what: 'a target with a backslash',
    text: 'GET /a\\b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    status: 400,
  },
  {
    what: 'the target *',
    text: 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    status: 400,
  },
  { what: 'a space in the target', text: 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  {
    what: 'an invalid host',
    text: 'GET /text HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
    status: 400,
  },
  { what: 'no host', text: 'GET /text HTTP/1.1\r\nConnection: close\r\n\r\n', status: 400 },
  {
    what: 'an empty host',
    text: 'GET /text HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n',
    status: 400,
  },
  {
    what: 'headers without end',
    text: `GET /text HTTP/1.1\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`,
    status: 431,
  },
  {
    what: 'an expectation',
    text: 'GET /text HTTP/1.1\r\nHost: a\r\nExpect: bananas\r\n\r\n',
    status: 417,
  },
  {
    what: 'a body of unknown coding',
    text: 'POST /text HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    status: 400,
  },
  { what: 'CONNECT', text: 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { what: 'no HTTP at all', text: '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', status: 400 },
])('responds to $what with a JSON error that has a request id', async ({ text, status }) => {
  const response = await send(text);
  const [head = '', body = '', ...more] = response.split('\r\n\r\n');
  expect(more).toEqual([]);
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  const { error } = errorBodySchema.parse(JSON.parse(body));
  expect(error.code).toBe('invalid_request');
  expect(head.toLowerCase()).toContain(`x-request-id: ${error.request_id}`);
});

it('responds to a request of HTTP/1.0 without a Host header', async () => {
  expect(await send('GET /text HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*whole$/);
});

it('serves a request and rejects the malformed one behind it', async () => {
  const response = await send('GET /text HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
  expect(response).toMatch(/^HTTP\/1.1 200 OK.*wholeHTTP\/1.1 400 /s);
});

it('completes an open response before it refuses the data behind its request', async () => {
  const response = send(
    'POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}GARBAGE\r\n\r\n',
  );
  await expect.poll(() => isHeld).toBe(true);
  expect(await send('GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  release();
  expect(await response).toMatch(/^HTTP\/1.1 200 OK.*heldHTTP\/1.1 400 /s);
});

it('serves requests in order before it rejects a later one with a malformed body', async () => {
  const broken = 'POST /held HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n';
  const response = await send(`GET /text HTTP/1.1\r\nHost: a\r\n\r\n${broken}`);
  expect(response).toMatch(/^HTTP\/1.1 200 OK.*wholeHTTP\/1.1 400 /s);
  expect(response.match(/HTTP\/1.1 /g)).toHaveLength(2);
});

it('refuses CONNECT in its turn, and notices if its client leaves before that', async () => {
  const { begun, left, release, server: own } = await serveHeld();
  const behind = 'GET /held HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const leaving = connect(own.port, '127.0.0.1').on('error', () => {});
    leaving.write(behind);
    await expect.poll(begun).toBe(1);
    leaving[leave]();
    await expect.poll(left).toBe(1);
    leaving.destroy();
  }
  const response = send(behind, own.port);
  await expect.poll(begun).toBe(1);
  release();
  expect(await response).toMatch(/^HTTP\/1.1 200 OK.*heldHTTP\/1.1 400 /s);
  await own.close(0);
});

it('closes the connection with the server if CONNECT arrived behind an open request', async () => {
  const { begun, server: own } = await serveHeld();
  const socket = connect(own.port, '127.0.0.1').on('error', () => {});
  socket.write('GET /held HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(begun).toBe(1);
  await own.close(0);
  await expect.poll(() => socket.closed).toBe(true);
});

/** `begun` and `left` return the count since their previous call. */
async function serveHeld() {
  const counts = { begun: 0, left: 0 };
  const take = (which: keyof typeof counts) => () => {
    const count = counts[which];
    counts[which] = 0;
    return count;
  };
  let release = () => {};
  const app = testApi({
    'GET /held': async (call) => {
      counts.begun++;
      call.outgoing.once('close', () => counts.left++);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      respondText(call, 'held');
    },
  });
  const own = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
  return { begun: take('begun'), left: take('left'), release: () => release(), server: own };
}

it('returns 408 for headers that are never complete', async () => {
  const hasty = createServer({ headersTimeout: 50, connectionsCheckingInterval: 20 });
  rejectMalformedRequests(hasty, 16 * 1024, realParts.ids);
  await once(hasty.listen(0, '127.0.0.1'), 'listening');
  const response = await send(
    'GET /text HTTP/1.1\r\nHost: a\r\n',
    (hasty.address() as AddressInfo).port,
  );
  hasty.close();
  expect(response).toMatch(/^HTTP\/1.1 408 .*"code":"invalid_request"/s);
});
