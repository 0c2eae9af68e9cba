import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { errorBodySchema } from '@steppe/contracts/errors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { realParts } from '../../testing/real-parts.ts';
import { type HttpServer, listen } from './http-server.ts';

let server: HttpServer;
const bodies: string[] = [];
beforeAll(async () => {
  const app: RequestListener = async (incoming, outgoing) => {
    bodies.push(await text(incoming));
    const { 'x-last': last, prefer } = incoming.headers;
    const body = `<${last ?? prefer}>`;
    outgoing.writeHead(200, { Connection: 'close', 'Content-Length': body.length }).end(body);
  };
  server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
});
afterAll(() => server.close(0));

/**
 * Sends a PUT with these headers after its Host, and returns everything that arrives until the
 * connection is closed.
 */
async function put(lines: readonly string[], body = ''): Promise<{ head: string; body: string }> {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(['PUT /a HTTP/1.1', 'Host: a', ...lines, '', body].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += chunk;
  const [head = '', rest = ''] = text.split('\r\n\r\n');
  return { head, body: rest };
}
const filling = (count: number) => Array.from({ length: count }, () => 'a:');
const errorIn = (body: string) => errorBodySchema.parse(JSON.parse(body)).error;

it.each([
  ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
  ['Content-Length: 5', 'hello'],
  ['Host: other', ''],
])('does not pass over a header beyond the two thousandth: %s', async (line, sent) => {
  const { head, body } = await put([...filling(2_099), line], sent);
  expect(head).toMatch(/^HTTP\/1.1 431 [\s\S]*Connection: close/);
  expect(errorIn(body)).toMatchObject({
    code: 'invalid_request',
    details: { limit: 'header_lines', max_lines: 2_000 },
  });
  expect(bodies).toEqual([]);
});

it('reads the last of the maximum number of headers', async () => {
  const refused = await put([...filling(1_998), 'Host: other']);
  expect(refused.head).toMatch(/^HTTP\/1.1 400 /);
  expect(await put([...filling(1_997), 'X-Last: seen', 'Content-Length: 2'], 'hi')).toMatchObject({
    body: '<seen>',
  });
  expect(bodies.splice(0)).toEqual(['hi']);
});

it.each<[string, string[]]>([
  ['one value', [`Prefer: respond-async${' '.repeat(15_000)}x`]],
  ['lines that make one value', Array.from({ length: 16 }, () => `Prefer: ${'a'.repeat(300)}`)],
])('refuses a header that is too large for one: %s', async (_, lines) => {
  const { head, body } = await put(lines);
  expect(head).toMatch(/^HTTP\/1.1 431 [\s\S]*Connection: close/);
  expect(errorIn(body)).toMatchObject({
    code: 'invalid_request',
    message: 'the header prefer is larger than 4096 bytes',
    details: { limit: 'header_value', header: 'prefer', max_bytes: 4096 },
  });
});

it('accepts the largest value of a header, and larger tokens', async () => {
  expect((await put([`Prefer: ${'a'.repeat(4_096)}`])).body).toBe(`<${'a'.repeat(4_096)}>`);
  expect((await put(['Prefer: a', `Authorization: Bearer ${'a'.repeat(12_000)}`])).body).toBe(
    '<a>',
  );
});
