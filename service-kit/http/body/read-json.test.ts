import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { realParts } from '../../testing/real-parts.ts';
import { testApi } from '../../testing/test-api.ts';
import { respondText } from '../call.ts';
import { type HttpServer, listen } from '../server/http-server.ts';
import { type BodyShare, createBodyBudget } from './body-budget.ts';
import type { ReadBodyOptions } from './read-body.ts';
import { readJson } from './read-json.ts';

const schema = z.strictObject({ code: z.string() });
const json = 'Content-Type: application/json';

let server: HttpServer | undefined;
let client: Socket | undefined;
afterEach(async () => {
  client?.destroy();
  await server?.close(0);
});

type Outcome = { value: unknown } | { error: unknown };

/** Sends the head of a request with a body. Resolves when the server reads the body. */
async function post(
  options: Omit<ReadBodyOptions, 'clock'>,
  ...headers: string[]
): Promise<{ outcome: Promise<Outcome>; socket: Socket }> {
  let settle: (outcome: Outcome) => void = () => {};
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const app = testApi({
    'POST /': async (call) => {
      begin();
      await readJson(call, schema, options).then(
        (value) => settle({ value }),
        (error) => settle({ error }),
      );
      respondText(call, '');
    },
  });
  server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
  const socket = connect(server.port, '127.0.0.1').on('error', () => {});
  client = socket;
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${headers.join('\r\n')}\r\n\r\n`);
  await begun;
  return { outcome, socket };
}

async function readWhole(
  body: string | Uint8Array,
  options: Omit<ReadBodyOptions, 'clock'>,
  ...headers: string[]
): Promise<Outcome> {
  const { outcome, socket } = await post(
    options,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  );
  socket.write(body);
  const settled = await outcome;
  await server?.close(0);
  return settled;
}

async function readChunked(
  chunks: string[],
  options: Omit<ReadBodyOptions, 'clock'>,
  ...headers: string[]
): Promise<Outcome> {
  const { outcome, socket } = await post(options, 'Transfer-Encoding: chunked', ...headers);
  for (const chunk of [...chunks, '']) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  const settled = await outcome;
  await server?.close(0);
  return settled;
}

it('reads a body with and without an announced length', async () => {
  expect(await readWhole('{"code":"x"}', { maxBytes: 100 }, json)).toEqual({
    value: { code: 'x' },
  });
  expect(await readChunked(['{"code"', ':"x"}'], { maxBytes: 100 }, json)).toEqual({
    value: { code: 'x' },
  });
});

it('refuses more bytes than the limit, announced or not', async () => {
  const error = { code: 'payload_too_large', details: { limit: 'body', max_bytes: 4 } };
  expect(await readWhole('{"code":"x"}', { maxBytes: 4 }, json)).toMatchObject({ error });
  expect(await readChunked(['{"', 'code":"x"}'], { maxBytes: 4 }, json)).toMatchObject({ error });
});

it.each(['Content-Length: 20', 'Transfer-Encoding: chunked'])(
  'reports an interrupted body as invalid, not as a failure of ours (%s)',
  async (length) => {
    const { outcome, socket } = await post({ maxBytes: 100 }, length, json);
    socket.destroy();
    expect(await outcome).toMatchObject({ error: { code: 'invalid_request' } });
  },
);

it('refuses a compressed body, and accepts the identity encoding', async () => {
  const refused = await readWhole(
    gzipSync('{"code":"x"}'),
    { maxBytes: 100 },
    json,
    'Content-Encoding: gzip',
  );
  expect(refused).toMatchObject({
    error: { code: 'unsupported_media_type', message: expect.stringContaining('gzip') },
  });
  const plain = await readWhole(
    '{"code":"x"}',
    { maxBytes: 100 },
    json,
    'Content-Encoding: identity',
  );
  expect(plain).toEqual({ value: { code: 'x' } });
});

it('refuses another type before any body byte arrives, and one type after another', async () => {
  const error = { code: 'unsupported_media_type' };
  const { outcome } = await post(
    { maxBytes: 100 },
    'Content-Length: 20',
    'Content-Type: text/plain',
  );
  expect(await outcome).toMatchObject({ error });
  await server?.close(0);
  expect(await readWhole('{}', { maxBytes: 100 }, json, 'Content-Type: text/plain')).toMatchObject({
    error,
  });
});

it('refuses a body that is not UTF-8 instead of replacing characters', async () => {
  const bytes = new Uint8Array([...Buffer.from('{"code":"'), 0xff, ...Buffer.from('"}')]);
  const error = { code: 'invalid_request', message: expect.stringContaining('not UTF-8') };
  expect(await readWhole(bytes, { maxBytes: 100 }, json)).toMatchObject({ error });
});

it.each(['Content-Length: 20', 'Transfer-Encoding: chunked'])(
  'refuses a body that makes no progress, as a retryable error (%s)',
  async (length) => {
    const { outcome } = await post({ maxBytes: 100, stallMs: 50 }, length, json);
    const error = {
      code: 'invalid_request',
      retryable: true,
      message: expect.stringContaining('no progress for 50 ms'),
    };
    expect(await outcome).toMatchObject({ error });
  },
);

it('accepts a body that arrives slowly and makes progress', async () => {
  const { outcome, socket } = await post(
    { maxBytes: 100, stallMs: 400 },
    'Content-Length: 12',
    json,
  );
  for (const byte of '{"code":"x"}') {
    socket.write(byte);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await outcome).toEqual({ value: { code: 'x' } });
});

it('takes the announced length from its share before a byte of it arrives', async () => {
  const budget = createBodyBudget({ totalBytes: 100, tenantBytes: 100 });
  await budget.hold('a', async (share) => {
    const { outcome } = await post({ maxBytes: 200, share }, 'Content-Length: 101', json);
    const error = { code: 'rate_limited', details: { limit: 'tenant_bodies', max_bytes: 100 } };
    expect(await outcome).toMatchObject({ error });
  });
});

it('takes received bytes from its share if no length was announced', async () => {
  const taken: number[] = [];
  const share: BodyShare = { take: (bytes) => void taken.push(bytes) };
  const body = '{"code":"x"}';
  await readChunked([...body], { maxBytes: 100, share }, json);
  expect(taken.reduce((sum, bytes) => sum + bytes, 0)).toBe(body.length);
});

it.each(['{"code":"x"}', '{"code":1}', 'x'.repeat(101)])(
  'leaves no timer behind, whatever became of %j',
  async (body) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { outcome, socket } = await post(
        { maxBytes: 100 },
        `Content-Length: ${body.length}`,
        json,
      );
      socket.write(body);
      await outcome;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  },
);
