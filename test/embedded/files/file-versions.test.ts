import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { fileUrl, listFiles, putFile, readText } from '../../support/api/files.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

let client: Client;
let id: string;
beforeEach(async () => {
  client = await local().newClient();
  id = (await client.createSession()).session_id;
});

type Headers = Record<string, string>;
const call = (method: string, path: string, headers?: Headers, body?: string) =>
  client.call(method, fileUrl(id, path), body, headers);
const put = (path: string, body: string, headers?: Headers) => call('PUT', path, headers, body);
const tagOf = (response: Response): string => response.headers.get('etag') ?? '';
const failed = { status: 412, code: 'precondition_failed' };

test('a file has the same strong tag in responses to PUT, HEAD and GET until it is written to', async () => {
  const tag = tagOf(await put('file', 'one'));
  expect(tag).toMatch(/^"[^"]+"$/);
  for (const method of ['HEAD', 'GET', 'GET']) expect(tagOf(await call(method, 'file'))).toBe(tag);
  expect(tagOf(await put('other', 'one'))).not.toBe(tag);
  const replaced = tagOf(await put('file', 'two'));
  expect(replaced).not.toBe(tag);
  await client.run(
    id,
    'import os\nbefore = os.stat("file")\nwith open("file", "r+") as file:\n    file.write("2wo")',
  );
  const written = tagOf(await call('HEAD', 'file'));
  expect(written).not.toBe(replaced);
  // cp -p, rsync and tar also restore the modification time.
  await client.run(
    id,
    'with open("file", "r+") as file:\n    file.write("two")\nos.utime("file", ns=(0, before.st_mtime_ns))',
  );
  for (const tag of [replaced, written]) expect(tagOf(await call('HEAD', 'file'))).not.toBe(tag);
});

describe('a reader', () => {
  test('that has the file already gets 304 and no body', async () => {
    await put('file', 'content');
    const got = await call('GET', 'file');
    const conditions = [
      { 'if-none-match': tagOf(got) },
      { 'if-none-match': `"other", W/${tagOf(got)}` },
      { 'if-modified-since': got.headers.get('last-modified') ?? '' },
    ];
    for (const headers of conditions) {
      for (const method of ['GET', 'HEAD']) {
        const response = await call(method, 'file', headers);
        expect(response.status, `${method} ${JSON.stringify(headers)}`).toBe(304);
        expect(tagOf(response)).toBe(tagOf(got));
        expect(await response.text()).toBe('');
      }
    }
    await put('file', 'changed');
    const response = await call('GET', 'file', { 'if-none-match': tagOf(got) });
    expect([response.status, await response.text()]).toEqual([200, 'changed']);
  });

  test('that requires another version gets 412', async () => {
    const tag = tagOf(await put('file', 'content'));
    expect(await client.errorOf(call('GET', 'file', { 'if-match': '"other"' }))).toMatchObject({
      ...failed,
      details: { etag: tag },
    });
    expect((await call('HEAD', 'file', { 'if-match': '"other"' })).status).toBe(412);
    expect(await (await call('GET', 'file', { 'if-match': tag })).text()).toBe('content');
  });
});

describe('a writer', () => {
  test('that names the version it knows replaces that version only', async () => {
    const first = tagOf(await put('file', 'first'));
    const second = await put('file', 'second', { 'if-match': first });
    expect(second.status).toBe(200);
    expect(await client.errorOf(put('file', 'late', { 'if-match': first }))).toMatchObject({
      ...failed,
      details: { etag: tagOf(second) },
    });
    await client.run(id, 'open("file", "a").write(", and code")');
    expect(await client.errorOf(put('file', 'late', { 'if-match': tagOf(second) }))).toMatchObject(
      failed,
    );
    expect(await readText(client, id, 'file')).toBe('second, and code');
  });

  test('that expects no file creates it once', async () => {
    expect((await put('dir/file', 'first', { 'if-none-match': '*' })).status).toBe(201);
    expect(await client.errorOf(put('dir/file', 'second', { 'if-none-match': '*' }))).toMatchObject(
      failed,
    );
    expect(await readText(client, id, 'dir/file')).toBe('first');
    await putFile(client, id, 'dir/file', 'replaced');
  });

  test('that expects a missing file creates nothing, not even a directory', async () => {
    for (const wanted of ['*', '"tag"']) {
      expect(await client.errorOf(put('dir/file', 'x', { 'if-match': wanted }))).toMatchObject({
        ...failed,
        details: { etag: null },
      });
    }
    expect((await listFiles(client, id)).entries).toEqual([]);
  });

  test('succeeds alone among many at the same time', async () => {
    const contents = Array.from({ length: 20 }, (_, at) => `${at}`.repeat(100_000));
    const race = async (headers: Headers) => {
      const responses = await Promise.all(
        contents.map((content) => put('raced', content, headers)),
      );
      const winners = responses.flatMap((response, at) => (response.ok ? [at] : []));
      expect(responses.filter(({ status }) => status === 412)).toHaveLength(contents.length - 1);
      expect(await readText(client, id, 'raced')).toBe(contents[winners[0] ?? -1]);
      return tagOf(responses[winners[0] ?? -1] ?? Response.error());
    };
    const first = await race({ 'if-none-match': '*' });
    const second = await race({ 'if-match': first });
    expect(second).not.toBe(first);
    expect((await listFiles(client, id)).entries).toHaveLength(1);
  });

  test('removes the version that it knows and no other', async () => {
    const tag = tagOf(await put('file', 'one'));
    await client.run(id, 'import os\nos.symlink("file", "link")');
    for (const path of ['file', 'link']) {
      expect(await client.errorOf(call('DELETE', path, { 'if-match': '"other"' }))).toMatchObject(
        failed,
      );
    }
    // The tag that a reader sees through the link.
    expect((await call('DELETE', 'link', { 'if-match': tag })).status).toBe(204);
    expect((await call('DELETE', 'file', { 'if-match': tag })).status).toBe(204);
    expect(await client.errorOf(call('DELETE', 'file', { 'if-match': tag }))).toMatchObject({
      status: 404,
    });
  });
});

test.each(['if-match', 'if-none-match'])(
  'a tag without quotes in %s is invalid, not a mismatch',
  async (name) => {
    await put('file', 'kept');
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = call(method, 'file', { [name]: 'tag' }, method === 'PUT' ? 'x' : undefined);
      const error = await client.errorOf(response);
      expect(error, method).toMatchObject({
        status: 400,
        code: 'invalid_request',
        details: { issues: [{ path: name }] },
      });
    }
    expect(await readText(client, id, 'file')).toBe('kept');
  },
);

test('a file that is replaced keeps its permissions', async () => {
  await put('run.sh', '#!/bin/sh\necho one\n');
  await client.run(id, 'import os, subprocess\nos.chmod("run.sh", 0o750)');
  await put('run.sh', '#!/bin/sh\necho two\n');
  const step = await client.run(
    id,
    'subprocess.run(["./run.sh"], capture_output=True, text=True).stdout, oct(os.stat("run.sh").st_mode)',
  );
  expect(step.results).toMatchObject([{ 'text/plain': "('two\\n', '0o100750')" }]);
});
