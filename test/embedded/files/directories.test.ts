import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { fileUrl, listFiles, putFile, readText } from '../../support/api/files.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

let client: Client;
let id: string;
beforeEach(async () => {
  client = await target().newClient();
  id = (await client.createSession()).session_id;
});

const call = (method: string, path: string, body?: string, headers?: Record<string, string>) =>
  client.call(method, fileUrl(id, path), body, headers);
const tree = async (query = '?recursive=true') =>
  (await listFiles(client, id, query)).entries.map(({ path }) => path);
const conflict = { status: 409, code: 'file_conflict' };

describe('a PUT of a path with a slash at its end', () => {
  test('makes an empty directory and those above it, and keeps one that is there', async () => {
    const made = await call('PUT', 'a/b%20c/');
    expect(made.status).toBe(201);
    expect(made.headers.get('etag')).toBeNull();
    expect(await made.json()).toMatchObject({ name: 'b c', path: 'a/b c', type: 'directory' });
    await putFile(client, id, 'a/b%20c/file', 'kept');
    expect((await call('PUT', 'a/b%20c/')).status).toBe(200);
    expect(await tree()).toEqual(['a', 'a/b c', 'a/b c/file']);
    const { results } = await client.run(id, 'import os\nos.path.isdir("a/b c")');
    expect(results).toMatchObject([{ 'text/plain': 'True' }]);
  });

  test('is refused where a file is, and with a body', async () => {
    await putFile(client, id, 'file', 'kept');
    for (const path of ['file/', 'file/below/'])
      expect(await client.errorOf(call('PUT', path)), path).toMatchObject(conflict);
    expect(await client.errorOf(call('PUT', 'dir/', 'x'))).toMatchObject({
      status: 400,
      code: 'invalid_request',
    });
    expect(await tree()).toEqual(['file']);
  });

  test('only creates if the request says so', async () => {
    const only = { 'if-none-match': '*' };
    expect((await call('PUT', 'lock/', undefined, only)).status).toBe(201);
    expect(await client.errorOf(call('PUT', 'lock/', undefined, only))).toMatchObject({
      status: 412,
      code: 'precondition_failed',
    });
  });
});

describe('a recursive DELETE', () => {
  test('removes a directory with everything in it, and no target of a link', async () => {
    await putFile(client, id, 'kept/file', 'kept');
    await putFile(client, id, 'dir/inner/file', 'x');
    const code = `import os
os.symlink("../kept", "dir/link")
os.symlink("/etc", "dir/inner/etc")
os.mkfifo("dir/fifo")
os.mkdir(b"dir/\\xff")`;
    expect(await client.run(id, code)).toMatchObject({ status: 'completed' });
    expect(await client.errorOf(call('DELETE', 'dir'))).toMatchObject(conflict);
    expect((await call('DELETE', 'dir?recursive=true')).status).toBe(204);
    expect(await tree()).toEqual(['kept', 'kept/file']);
    expect(await readText(client, id, 'kept/file')).toBe('kept');
    expect(await client.errorOf(call('DELETE', 'dir?recursive=true'))).toMatchObject({
      status: 404,
      code: 'file_not_found',
    });
  });

  test('removes a link itself, and a file', async () => {
    await putFile(client, id, 'kept/file', 'kept');
    await client.run(id, 'import os\nos.symlink("kept", "link")');
    for (const path of ['link', 'kept/file'])
      expect((await call('DELETE', `${path}?recursive=true`)).status).toBe(204);
    expect(await tree()).toEqual(['kept']);
  });
});

test('a listing goes to the requested depth, page by page too', async () => {
  await putFile(client, id, '1/2/3/4', 'x');
  await putFile(client, id, '1-', 'x');
  expect(await tree('?depth=1')).toEqual(await tree('?path='));
  expect(await tree('?depth=2')).toEqual(['1', '1/2', '1-']);
  expect(await tree('?depth=2&recursive=true')).toEqual(['1', '1/2', '1-']);
  expect(await tree('?depth=2&path=1')).toEqual(['1/2', '1/2/3']);
  const { entries, next_cursor: cursor } = await listFiles(client, id, '?depth=2&limit=2');
  expect(entries.map(({ path }) => path)).toEqual(['1', '1/2']);
  expect(await tree(`?depth=2&limit=2&cursor=${cursor}`)).toEqual(['1-']);
});
