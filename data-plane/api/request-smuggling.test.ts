import { once } from 'node:events';
import { connect } from 'node:net';
import { errorBodySchema } from '@steppe/contracts/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echo, type FakeAgent } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
let agent: FakeAgent;
let base: string;
beforeAll(async () => {
  plane = await startTestDataPlane();
  agent = await plane.startAgent(echo);
  base = `/v1/sessions/${plane.addSession(agent.url).session_id}`;
});
afterAll(() => plane.closeAll());

/** The head of a valid request, with the given header lines and without the final empty line. */
const head = (method: string, path: string, ...lines: string[]) =>
  [
    `${method} ${base}${path} HTTP/1.1`,
    'Host: steppe',
    `Authorization: ${plane.authorization}`,
    ...lines,
  ].join('\r\n');
/** A whole request inside another one, which must never be executed. */
const hidden = () => `${head('GET', '/files/hidden', 'Connection: close')}\r\n\r\n`;

/** Sends bytes and returns everything that arrives until the server closes the connection. */
async function send(...pieces: string[]): Promise<string> {
  const socket = connect(plane.port, '127.0.0.1').on('error', () => {});
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  for (const piece of pieces)
    await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
  if (!socket.closed) await once(socket, 'close');
  return text;
}
const statusesIn = (text: string) =>
  [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
const hiddenSeen = () => agent.seen.filter((line) => line.includes('hidden'));

const upload = (...lines: string[]) => head('PUT', '/files/a', ...lines);
const chunked = (body: string, ...lines: string[]) =>
  `${upload('Transfer-Encoding: chunked', ...lines)}\r\n\r\n${body}`;

describe('a request with an ambiguous end is refused, and hides no other request', () => {
  it.each<[string, () => string]>([
    [
      'two kinds of length',
      () => `${upload('Content-Length: 5', 'Transfer-Encoding: chunked')}\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two kinds of length, the other way',
      () => `${upload('Transfer-Encoding: chunked', 'Content-Length: 5')}\r\n\r\n0\r\n\r\n`,
    ],
    ['two lengths', () => `${upload('Content-Length: 0', 'Content-Length: 200')}\r\n\r\n`],
    ['a length twice', () => `${upload('Content-Length: 5', 'Content-Length: 5')}\r\n\r\nhello`],
    ['a list of lengths', () => `${upload('Content-Length: 0, 200')}\r\n\r\n`],
    ['a length with a sign', () => `${upload('Content-Length: +5')}\r\n\r\nhello`],
    ['a length that is negative', () => `${upload('Content-Length: -5')}\r\n\r\nhello`],
    ['a space before the colon', () => `${upload('Content-Length : 5')}\r\n\r\nhello`],
    ['a folded header', () => `${upload('X-A: a', ' b', 'Content-Length: 0')}\r\n\r\n`],
    ['a folded coding', () => `${upload('Transfer-Encoding:', ' chunked')}\r\n\r\n0\r\n\r\n`],
    ['line ends without CR', () => upload('Content-Length: 0', '', '').replaceAll('\r\n', '\n')],
    ['one line end without CR', () => `${upload('X-A: a\nContent-Length: 0')}\r\n\r\n`],
    ['a head that ends without CR', () => `${upload('Content-Length: 0')}\r\n\n`],
    ['a CR alone', () => `${upload('X-A: a\rTransfer-Encoding: chunked')}\r\n\r\n0\r\n\r\n`],
    ['NUL in a header', () => `${upload('X-A: a\0b', 'Content-Length: 0')}\r\n\r\n`],
    ['the coding identity', () => `${upload('Transfer-Encoding: identity')}\r\n\r\n`],
    [
      'identity with a length',
      () => `${upload('Transfer-Encoding: identity', 'Content-Length: 0')}\r\n\r\n`,
    ],
    [
      'identity after chunked',
      () => `${upload('Transfer-Encoding: chunked, identity')}\r\n\r\n0\r\n\r\n`,
    ],
    ['chunked twice', () => `${upload('Transfer-Encoding: chunked, chunked')}\r\n\r\n0\r\n\r\n`],
    [
      'two codings',
      () =>
        `${upload('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')}\r\n\r\n0\r\n\r\n`,
    ],
    ['gzip before chunked', () => `${upload('Transfer-Encoding: gzip, chunked')}\r\n\r\n0\r\n\r\n`],
    [
      'a coding that looks like chunked',
      () => `${upload('Transfer-Encoding: xchunked')}\r\n\r\n0\r\n\r\n`,
    ],
    [
      'chunked with a parameter',
      () => `${upload('Transfer-Encoding: chunked;q=1')}\r\n\r\n0\r\n\r\n`,
    ],
    [
      'chunked behind a control character',
      () => `${upload('Transfer-Encoding: \x0bchunked')}\r\n\r\n0\r\n\r\n`,
    ],
    ['chunked in HTTP/1.0', () => chunked('0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0')],
    ['two hosts', () => `${upload('Host: other', 'Content-Length: 0')}\r\n\r\n`],
    [
      'a whole URL',
      () => `${upload('Content-Length: 0').replace(' /v1', ' http://other/v1')}\r\n\r\n`,
    ],
    ['a header without a colon', () => `${upload('Content-Length', 'X-A: a')}\r\n\r\n`],
    [
      'a space before the first header',
      () => `${head('PUT', '/files/a').replace('Host:', ' Host:')}\r\n\r\n`,
    ],
  ])('%s', async (_, request) => {
    const seen = agent.seen.length;
    const response = await send(request() + hidden());
    expect(statusesIn(response)).toEqual([400]);
    const error = errorBodySchema.parse(JSON.parse(response.split('\r\n\r\n').at(-1) ?? ''));
    expect(error.error.code).toBe('invalid_request');
    expect(agent.seen.length).toBe(seen);
  });
});

describe('a body with ambiguous chunks fails its own upload, and hides no other request', () => {
  it.each<[string, string]>([
    ['an extension that ends without CR', '5;a\nhello\r\n0\r\n\r\n'],
    ['an extension of 20 kB', `5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`],
    ['a size that ends without CR', '5\nhello\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '5\r\nhelloXX0\r\n\r\n'],
    ['a size in C', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a negative size', '-1\r\nhello\r\n0\r\n\r\n'],
    ['a size that overflows', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['a space in the size', '5 5\r\nhello\r\n0\r\n\r\n'],
    ['a length in the trailer', '5\r\nhello\r\n0\r\nContent-Length: 200\r\n\r\n'],
    ['a last chunk that ends without CR', '0\n\n'],
  ])('%s', async (_, body) => {
    const statuses = statusesIn(await send(chunked(body) + hidden()));
    expect(statuses.filter((status) => status < 400)).toEqual([]);
    expect(statuses.length).toBeLessThan(2);
    expect(hiddenSeen()).toEqual([]);
  });
});

describe('the content of a body is never executed as a request', () => {
  it.each(['at once', 'after the refusal'])(
    'if the call is refused before its body is read: %s',
    async (when) => {
      const body = hidden();
      const refused = `${head('PUT', '/files/a', `Content-Length: ${body.length}`).replace(plane.authorization, 'Bearer')}\r\n\r\n`;
      const socket = connect(plane.port, '127.0.0.1');
      socket.write(when === 'at once' ? refused + body : refused);
      expect(statusesIn(String((await once(socket, 'data'))[0]))).toEqual([401]);
      socket.write(
        `${when === 'at once' ? '' : body}${head('GET', '/files/own', 'Connection: close')}\r\n\r\n`,
      );
      expect(statusesIn(String((await once(socket, 'data'))[0]))).toEqual([200]);
      expect(hiddenSeen()).toEqual([]);
      socket.destroy();
    },
  );

  it('if the operation takes no body', async () => {
    const body = hidden();
    const first = `${head('GET', '/files/a', `Content-Length: ${body.length}`)}\r\n\r\n`;
    const response = await send(
      `${first}${body}${head('GET', '/files/own', 'Connection: close')}\r\n\r\n`,
    );
    expect(statusesIn(response)).toEqual([200, 200]);
    expect(hiddenSeen()).toEqual([]);
  });

  it('if a step announces a body that is too large', async () => {
    const announced = head(
      'POST',
      '/steps',
      'Content-Type: application/json',
      'Content-Length: 9000000',
    );
    expect(statusesIn(await send(`${announced}\r\n\r\n`, hidden(), 'Connection: close'))[0]).toBe(
      413,
    );
    expect(hiddenSeen()).toEqual([]);
  });
});

it('accepts a valid chunked upload with extensions, a trailer and a next request', async () => {
  const response = await send(
    `${chunked('5;name=value\r\nhello\r\n0\r\nX-A: a\r\n\r\n')}${head('GET', '/files/own', 'Connection: close')}\r\n\r\n`,
  );
  expect(statusesIn(response)).toEqual([200, 200]);
  expect(response).toContain('"body":"hello"');
});

it('does not take garbage behind a request for another request', async () => {
  const response = await send(
    `${head('GET', '/files/own')}\r\n\r\n\0\x01garbage\r\n\r\n${hidden()}`,
  );
  expect(statusesIn(response).at(-1)).toBe(400);
  expect(hiddenSeen()).toEqual([]);
});

it('reuses one connection for consecutive calls, on both sides', async () => {
  const own = await plane.startAgent(echo);
  const connections = new Set<unknown>();
  own.server.on('connection', (socket) => connections.add(socket));
  const path = `/v1/sessions/${plane.addSession(own.url).session_id}/files/a`;
  const socket = connect(plane.port, '127.0.0.1');
  for (let count = 1; count <= 3; count++) {
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${plane.authorization}\r\n\r\n`,
    );
    const [response] = await once(socket, 'data');
    expect(statusesIn(response.toString())).toEqual([200]);
  }
  expect([own.seen.length, connections.size]).toEqual([3, 1]);
  socket.destroy();
});
