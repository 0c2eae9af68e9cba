import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { fileUrl, putFile } from '../../support/api/files.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();
const size = 100_000;
const content = Uint8Array.from({ length: size }, (_, at) => (at * 31) % 251);

let client: Client;
let id: string;
let etag: string;
beforeAll(async () => {
  client = await local().newClient();
  id = (await client.createSession()).session_id;
  const put = await client.call('PUT', fileUrl(id, 'file.bin'), content);
  etag = put.headers.get('etag') ?? '';
  await putFile(client, id, 'empty.txt', '');
});

const get = (headers: Record<string, string>, path = 'file.bin') =>
  client.call('GET', fileUrl(id, path), undefined, headers);
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

describe('a part of a file', () => {
  test.each([
    { range: 'bytes=0-0', start: 0, end: 0 },
    { range: 'bytes=1000-70000', start: 1_000, end: 70_000 },
    { range: 'bytes=99990-', start: 99_990, end: 99_999 },
    { range: 'bytes=-10', start: 99_990, end: 99_999 },
    { range: 'bytes=-1000000', start: 0, end: 99_999 },
    { range: 'bytes=50000-1000000', start: 50_000, end: 99_999 },
  ])('has the bytes of $range', async ({ range, start, end }) => {
    const response = await get({ range });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${size}`);
    expect(response.headers.get('content-length')).toBe(String(end - start + 1));
    expect(response.headers.get('etag')).toBe(etag);
    expect(Buffer.compare(await bytesOf(response), content.slice(start, end + 1))).toBe(0);
  });

  test.each(['bytes=100000-', 'bytes=-0'])(
    'is not satisfiable for %s, and the size is reported',
    async (range) => {
      const response = await get({ range });
      expect(response.headers.get('content-range')).toBe(`bytes */${size}`);
      expect(await client.errorOf(response)).toMatchObject({
        status: 416,
        code: 'range_not_satisfiable',
        details: { size_bytes: size },
      });
    },
  );

  test('of an empty file is not satisfiable', async () => {
    const response = await get({ range: 'bytes=0-' }, 'empty.txt');
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */0');
  });

  test.each(['bytes=0-1,5-6', 'bytes=5-2', 'bytes=x', 'lines=0-1'])(
    'is the whole file for %s',
    async (range) => {
      const response = await get({ range });
      expect(response.status).toBe(200);
      expect(response.headers.has('content-range')).toBe(false);
      expect(await bytesOf(response)).toHaveLength(size);
    },
  );

  test('is sent with If-Range while the file is unchanged, and the whole file otherwise', async () => {
    const range = 'bytes=0-9';
    expect((await get({ range, 'if-range': etag })).status).toBe(206);
    for (const other of ['"other"', `W/${etag}`, new Date().toUTCString()]) {
      const response = await get({ range, 'if-range': other });
      expect(response.status, other).toBe(200);
      expect(await bytesOf(response)).toHaveLength(size);
    }
    expect((await get({ range: `bytes=${size}-`, 'if-range': '"other"' })).status).toBe(200);
  });

  test('is evaluated after the conditional headers', async () => {
    expect((await get({ range: 'bytes=0-9', 'if-none-match': etag })).status).toBe(304);
    expect((await get({ range: 'bytes=0-9', 'if-match': '"other"' })).status).toBe(412);
    expect((await get({ range: `bytes=${size}-`, 'if-match': '"other"' })).status).toBe(412);
  });
});

test.each(['file.bin', 'empty.txt'])(
  'HEAD of %s has the headers of GET, and no range',
  async (path) => {
    const own = ['date', 'x-request-id', 'connection', 'keep-alive'];
    const headersOf = (response: Response) =>
      Object.fromEntries([...response.headers].filter(([name]) => !own.includes(name)));
    const [read, head] = await Promise.all([get({}, path), client.call('HEAD', fileUrl(id, path))]);
    await read.arrayBuffer();
    expect(headersOf(head)).toEqual(headersOf(read));
    expect(headersOf(read)).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-length': path === 'empty.txt' ? '0' : String(size),
      'content-type':
        path === 'empty.txt' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
      'last-modified': expect.stringMatching(/ GMT$/),
    });
    const ranged = await client.call('HEAD', fileUrl(id, path), undefined, { range: 'bytes=0-0' });
    expect(headersOf(ranged)).toEqual(headersOf(read));
  },
);
