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

const call = (method: string, path: string) =>
  client.call(method, fileUrl(id, path), method === 'PUT' ? 'x' : undefined);
const refused = async (method: string, path: string, expected: object) => {
  expect(await client.errorOf(call(method, path)), `${method} ${path}`).toMatchObject(expected);
};
const conflict = { status: 409, code: 'file_conflict' };

test('a file in place of a directory, or the reverse, is a conflict', async () => {
  await putFile(client, id, 'file', 'kept');
  await putFile(client, id, 'dir/inner', 'kept');
  for (const method of ['PUT', 'GET', 'DELETE']) await refused(method, 'file/below', conflict);
  for (const method of ['PUT', 'GET']) await refused(method, 'dir', conflict);
  const list = client.call('GET', `/v1/sessions/${id}/files?path=file`);
  expect(await client.errorOf(list)).toMatchObject(conflict);
  expect(await readText(client, id, 'file')).toBe('kept');
  expect(await readText(client, id, 'dir/inner')).toBe('kept');
});

test('a directory is removed only if it is empty', async () => {
  await putFile(client, id, 'dir/inner', 'kept');
  await refused('DELETE', 'dir', conflict);
  expect((await call('DELETE', 'dir/inner')).status).toBe(204);
  expect((await call('DELETE', 'dir')).status).toBe(204);
  expect((await listFiles(client, id)).entries).toEqual([]);
});

describe('a symbolic link that code created', () => {
  test('inside the workspace is followed for reads, writes and listings', async () => {
    await putFile(client, id, 'dir/real', 'one');
    await client.run(
      id,
      'import os\nos.symlink("dir/real", "relative")\nos.symlink(os.path.abspath("dir/real"), "absolute")\nos.symlink("dir", "folder")\nos.symlink("../dir/real", "dir/back")\nos.symlink("relative", "twice")',
    );
    for (const path of [
      'relative',
      'absolute',
      'folder/real',
      'dir/back',
      'twice',
      'folder/back',
    ]) {
      expect(await readText(client, id, path), path).toBe('one');
    }
    expect((await call('HEAD', 'relative')).headers.get('content-length')).toBe('3');
    expect(await putFile(client, id, 'twice', 'four')).toMatchObject({
      path: 'dir/real',
      size_bytes: 4,
    });
    expect(await readText(client, id, 'dir/real')).toBe('four');
    await putFile(client, id, 'folder/new', 'new');
    expect(await readText(client, id, 'dir/new')).toBe('new');
    expect((await listFiles(client, id, '?path=folder')).entries.map(({ name }) => name)).toEqual([
      'back',
      'new',
      'real',
    ]);
    const { entries } = await listFiles(client, id);
    expect(entries.find(({ name }) => name === 'relative')).toMatchObject({ type: 'symlink' });
  });

  test('is removed itself, and its target is kept', async () => {
    await putFile(client, id, 'real', 'kept');
    await client.run(
      id,
      'import os\nos.symlink("real", "link")\nos.symlink("/etc/hostname", "outside")\nos.symlink("nowhere", "broken")',
    );
    for (const path of ['link', 'outside', 'broken'])
      expect((await call('DELETE', path)).status).toBe(204);
    expect((await listFiles(client, id)).entries.map(({ name }) => name)).toEqual(['real']);
  });

  test.each([
    { what: 'to a file elsewhere', target: '/etc/hostname', path: 'link' },
    { what: 'to a directory elsewhere', target: '/etc', path: 'link/hostname' },
    { what: 'upwards', target: '../../../../../../etc/hostname', path: 'link' },
    { what: 'to its parent', target: '..', path: 'link/termination' },
    { what: 'to the root', target: '/', path: 'link/etc/hostname' },
    { what: 'to a process', target: '/proc/self/root/etc', path: 'link/hostname' },
    { what: 'to the keys beside the workspace', target: '../keys', path: 'link/data-plane.json' },
    { what: 'to a link that leads out', target: 'second', path: 'link' },
  ])('$what is refused', async ({ target, path }) => {
    await client.run(
      id,
      'import os\nos.symlink(os.environ["TARGET"], "link")\nos.symlink("/etc/hostname", "second")',
      {
        env: { TARGET: target },
      },
    );
    for (const method of ['GET', 'PUT', 'DELETE']) {
      // If a link is the last segment of the path, DELETE removes the link itself.
      if (method === 'DELETE' && path === 'link') continue;
      await refused(method, path, { status: 400, code: 'invalid_request' });
    }
    if (path === 'link') return;
    const list = client.call('GET', `/v1/sessions/${id}/files?path=link`);
    expect(await client.errorOf(list)).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  test('that is broken or circular is not a file', async () => {
    await client.run(
      id,
      'import os\nos.symlink("nowhere", "broken")\nos.symlink("b", "a")\nos.symlink("a", "b")\nos.symlink("self/x", "self")',
    );
    await refused('GET', 'broken', { status: 404, code: 'file_not_found' });
    for (const path of ['a', 'self', 'self/x'])
      await refused('GET', path, { status: 400, code: 'invalid_request' });
  });

  test('is not followed by a recursive listing', async () => {
    await client.run(id, 'import os\nos.symlink("/etc", "etc")\nos.symlink(".", "loop")');
    const { entries } = await listFiles(client, id, '?recursive=true');
    expect(entries).toMatchObject([
      { path: 'etc', type: 'symlink' },
      { path: 'loop', type: 'symlink' },
    ]);
  });

  test('that is swapped repeatedly never exposes a file outside the workspace', async () => {
    await putFile(client, id, 'real/hostname', 'inside');
    const swap =
      'import os\nfor i in range(3000):\n    os.symlink("real" if i % 2 else "/etc", "next")\n    os.replace("next", "swapped")\n    if i == 0:\n        open("begun", "w").close()';
    const swapping = client.run(id, swap);
    let isOver = false;
    void swapping.finally(() => {
      isOver = true;
    });
    const seen = new Set<string>();
    while (!isOver) {
      const response = await call('GET', 'swapped/hostname');
      seen.add(response.status === 200 ? await response.text() : String(response.status));
    }
    for (const one of seen) expect(['inside', '400', '404']).toContain(one);
    expect(await swapping).toMatchObject({ status: 'completed' });
  });
});

describe('something that is neither file nor directory', () => {
  test('is listed, refused without waiting, and can be removed', async () => {
    await client.run(
      id,
      'import os, socket\nos.mkfifo("fifo")\nsocket.socket(socket.AF_UNIX).bind("socket")',
    );
    const { entries } = await listFiles(client, id);
    expect(entries).toMatchObject([
      { name: 'fifo', type: 'other' },
      { name: 'socket', type: 'other' },
    ]);
    for (const path of ['fifo', 'socket']) {
      for (const method of ['GET', 'PUT']) await refused(method, path, conflict);
      expect((await call('HEAD', path)).status).toBe(409);
      expect((await call('DELETE', path)).status).toBe(204);
    }
  });
});

test('a file whose permissions forbid access is a conflict, not an internal error', async () => {
  await client.run(
    id,
    'import os\nos.makedirs("closed")\nopen("closed/file", "w").write("x")\nos.chmod("closed/file", 0)\nos.chmod("closed", 0o500)',
  );
  const isRoot = (await client.run(id, 'os.getuid() == 0')).results[0]?.['text/plain'] === 'True';
  expect((await call('GET', 'closed/file')).status).toBe(isRoot ? 200 : 409);
  await client.run(id, 'os.chmod("closed", 0o700)');
});
