import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { encodePath, fileUrl, listFiles, putFile, readText } from '../../support/api/files.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

let client: Client;
let id: string;
beforeAll(async () => {
  client = await local().newClient();
  id = (await client.createSession()).session_id;
});

const call = (method: string, path: string, body?: string) =>
  client.call(method, fileUrl(id, path), body);

describe('a name', () => {
  test.each([
    'a b',
    'Grüße-世界-🌍',
    'e\u0301',
    '100%',
    '%2e%2e',
    'a\nb\tc',
    'a?b#c',
    '...',
    '..a',
    '.hidden',
    '~',
    'a\\b',
    ' ',
    '-rf',
    '$(id)',
    'a\'b"c',
    'a+b&c=d;e',
    'x'.repeat(255),
    'dir with space/a%20b',
    '\u202e',
    '__proto__',
  ])('%j is written, listed, read and seen by code unchanged', async (path) => {
    const name = path.split('/').at(-1);
    expect(await putFile(client, id, encodePath(path), 'content')).toMatchObject({ path, name });
    expect(await readText(client, id, encodePath(path))).toBe('content');
    const { entries } = await listFiles(client, id, '?recursive=true');
    expect(entries.map((entry) => entry.path)).toContain(path);
    const step = await client.run(id, 'import os\nopen(os.environ["NAME"]).read()', {
      env: { NAME: path },
    });
    expect(step.results).toMatchObject([{ 'text/plain': "'content'" }]);
    expect((await call('DELETE', encodePath(path))).status).toBe(204);
    // The list also has the directory that the upload created.
    if (path.includes('/'))
      expect((await call('DELETE', encodePath(path.slice(0, path.indexOf('/'))))).status).toBe(204);
  });

  test.each([
    { what: 'of 256 bytes', path: 'x'.repeat(256) },
    { what: 'of 128 characters and 256 bytes', path: encodeURIComponent('é'.repeat(128)) },
    { what: 'that is one segment and two dots', path: 'a/..%2fb' },
    { what: 'with an empty segment', path: 'a//b' },
    { what: 'with a slash at its end', path: 'a/' },
    { what: 'with two slashes at its end', path: 'a//' },
    { what: 'that is a slash', path: '%2f' },
    { what: 'with an escaped slash at its beginning', path: '%2fa' },
    { what: 'that is a dot', path: '%2e%2fa' },
    { what: 'with NUL', path: 'a%00b' },
    { what: 'with a bad escape', path: 'a%b' },
    { what: 'that is not UTF-8', path: 'a%ff' },
  ])('$what is refused', async ({ path }) => {
    // With a slash at its end a path names a directory, which only PUT takes.
    for (const method of path === 'a/' ? ['GET', 'DELETE'] : ['PUT', 'GET', 'DELETE']) {
      expect(
        await client.errorOf(call(method, path, method === 'PUT' ? 'x' : undefined)),
        method,
      ).toMatchObject({
        status: 400,
        code: 'invalid_request',
      });
    }
    expect((await listFiles(client, id)).entries).toEqual([]);
  });
});
