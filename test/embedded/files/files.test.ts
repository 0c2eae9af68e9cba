import { fileEntrySchema } from '@steppe/contracts/file';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { fileUrl, putFile, readText } from '../../support/api/files.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

let client: Client;
let id: string;
beforeEach(async () => {
  client = await target().newClient();
  id = (await client.createSession()).session_id;
});

const call = (
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers?: Record<string, string>,
) => client.call(method, fileUrl(id, path), body, headers);

test('a PUT creates a file, then replaces it, and returns its entry each time', async () => {
  const created = await call('PUT', 'dir/deep/a.txt', 'one');
  expect(created.status).toBe(201);
  expect(fileEntrySchema.parse(await created.json())).toMatchObject({
    name: 'a.txt',
    path: 'dir/deep/a.txt',
    type: 'file',
    size_bytes: 3,
  });
  const replaced = await call('PUT', 'dir/deep/a.txt', 'three');
  expect(replaced.status).toBe(200);
  expect(fileEntrySchema.parse(await replaced.json())).toMatchObject({
    path: 'dir/deep/a.txt',
    size_bytes: 5,
  });
  expect(await readText(client, id, 'dir/deep/a.txt')).toBe('three');
});

test('a file can be read with GET and HEAD and removed, and is then 404', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  const entry = await putFile(client, id, 'bytes', bytes);
  const read = await call('GET', 'bytes');
  expect(read.headers.get('content-type')).toBe('application/octet-stream');
  expect(read.headers.get('content-length')).toBe('256');
  expect(Date.parse(read.headers.get('last-modified') ?? '')).toBe(
    Math.floor(Date.parse(entry.modified_at) / 1000) * 1000,
  );
  expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes);

  const head = await call('HEAD', 'bytes');
  expect(head.status).toBe(200);
  expect(head.headers.get('content-length')).toBe('256');
  expect(await head.text()).toBe('');

  const removed = await call('DELETE', 'bytes');
  expect(removed.status).toBe(204);
  expect(await removed.text()).toBe('');
  for (const method of ['GET', 'DELETE']) {
    expect(await client.errorOf(call(method, 'bytes'))).toMatchObject({
      status: 404,
      code: 'file_not_found',
    });
  }
  expect((await call('HEAD', 'bytes')).status).toBe(404);
});

test('an empty file can be uploaded, with a Content-Length or in chunks', async () => {
  expect(await putFile(client, id, 'empty', '')).toMatchObject({ size_bytes: 0 });
  const chunked = fetch(`${client.url}${fileUrl(id, 'chunked')}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${client.token}` },
    body: new ReadableStream({ start: (controller) => controller.close() }),
    duplex: 'half',
  });
  expect((await chunked).status).toBe(201);
  expect((await call('PUT', 'without-a-body')).status).toBe(201);
  for (const path of ['empty', 'chunked', 'without-a-body'])
    expect(await readText(client, id, path)).toBe('');
});

test.each(['text/html', 'application/json', 'multipart/form-data; boundary=x'])(
  'a body sent as %s is stored as plain bytes',
  async (type) => {
    expect((await call('PUT', 'typed', '{"a":', { 'content-type': type })).status).toBe(201);
    expect(await readText(client, id, 'typed')).toBe('{"a":');
  },
);

describe('files and code', () => {
  test('see what each other wrote', async () => {
    await putFile(client, id, 'data/in.csv', 'a,b\n1,2\n');
    const code =
      'import csv\nrows = list(csv.reader(open("data/in.csv")))\nopen("data/out.txt", "w").write(str(rows))\nrows';
    expect((await client.run(id, code)).results).toMatchObject([
      { 'text/plain': "[['a', 'b'], ['1', '2']]" },
    ]);
    expect(await readText(client, id, 'data/out.txt')).toBe("[['a', 'b'], ['1', '2']]");
    await call('DELETE', 'data/in.csv');
    expect((await client.run(id, 'open("data/in.csv")')).error).toMatchObject({
      name: 'FileNotFoundError',
    });
  });

  test('work at the same time: files are served while a step runs', async () => {
    const running = client.run(
      id,
      'import os, time\nwhile not os.path.exists("go"):\n    time.sleep(0.01)\nopen("go").read()',
    );
    await putFile(client, id, 'other', 'x');
    await putFile(client, id, 'go', 'gone');
    expect((await running).results).toMatchObject([{ 'text/plain': "'gone'" }]);
  });

  test('do not conflict: a reader keeps the file that it opened when it is replaced', async () => {
    await putFile(client, id, 'data', 'old');
    await client.run(id, 'kept = open("data")');
    await putFile(client, id, 'data', 'new');
    expect((await client.run(id, '[kept.read(), open("data").read()]')).results).toMatchObject([
      { 'text/plain': "['old', 'new']" },
    ]);
  });
});
