import { gzipSync } from 'node:zlib';
import { expect, it, vi } from 'vitest';
import * as z from 'zod';
import { readJson } from './read-json.ts';

const schema = z.strictObject({ code: z.string() });
const url = 'http://localhost/';
const json = { 'content-type': 'application/json' };

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });

const post = (body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>, headers: Record<string, string>) =>
  new Request(url, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

it('reads a body whose length was announced, and one whose was not', async () => {
  const text = '{"code":"x"}';
  const announced = { ...json, 'content-length': String(text.length) };
  expect(await readJson(post(text, announced), schema, { maxBytes: 100 })).toEqual({ code: 'x' });
  expect(await readJson(post(streamOf('{"code"', ':"x"}'), json), schema, { maxBytes: 100 })).toEqual({ code: 'x' });
});

it('refuses more bytes than it may take, announced or not', async () => {
  const expected = { code: 'payload_too_large', details: { limit: 'body', max_bytes: 4 } };
  const announced = { ...json, 'content-length': '12' };
  await expect(readJson(post('{"code":"x"}', announced), schema, { maxBytes: 4 })).rejects.toMatchObject(expected);
  await expect(readJson(post(streamOf('{"', 'code":"x"}'), json), schema, { maxBytes: 4 })).rejects.toMatchObject(expected);
});

it('calls a body that breaks off invalid, not a failure of ours', async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error('aborted'));
    },
  });
  await expect(readJson(post(broken, json), schema, { maxBytes: 100 })).rejects.toMatchObject({ code: 'invalid_request' });
});

it('says that it takes no compressed body, and takes one that is said to be as it is', async () => {
  const refused = readJson(post(gzipSync('{"code":"x"}'), { ...json, 'content-encoding': 'gzip' }), schema, { maxBytes: 100 });
  await expect(refused).rejects.toMatchObject({ code: 'unsupported_media_type', message: expect.stringContaining('gzip') });
  const plain = post('{"code":"x"}', { ...json, 'content-encoding': 'identity' });
  expect(await readJson(plain, schema, { maxBytes: 100 })).toEqual({ code: 'x' });
});

it('says that a body is not UTF-8, and puts nothing in the place of what is not', async () => {
  const bytes = new Uint8Array([...Buffer.from('{"code":"'), 0xff, ...Buffer.from('"}')]);
  const expected = { code: 'invalid_request', message: expect.stringContaining('not UTF-8') };
  await expect(readJson(post(bytes, json), schema, { maxBytes: 100 })).rejects.toMatchObject(expected);
});

it.each(['{"code":"x"}', '{"code":1}', 'x'.repeat(101)])('leaves no timer behind, whatever came of %j', async (body) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    await readJson(post(body, json), schema, { maxBytes: 100 }).catch(() => {});
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
