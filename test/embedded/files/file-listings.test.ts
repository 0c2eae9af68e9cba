import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { listFiles } from '../../support/api/files.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

describe('a listing', () => {
  let client: Client;
  let id: string;
  beforeAll(async () => {
    client = await local().newClient();
    id = (await client.createSession()).session_id;
    const code = `import os
for path in ["b/2", "b/1", "b.txt", "b-", "a", "c/d/e/f", "c/d.x", "Z", "é", "empty/"]:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    if not path.endswith("/"):
        open(path, "w").write(path)
os.makedirs("many")
for i in range(2500):
    open(f"many/{i:04}", "w").close()`;
    expect(await client.run(id, code)).toMatchObject({ status: 'completed' });
  });
  const small = '?path=';
  const paths = async (query: string) =>
    (await listFiles(client, id, query)).entries.map(({ path }) => path);
  const everyPage = async (query: string, limit: number) => {
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await listFiles(
        client,
        id,
        `${query}&limit=${limit}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      pages.push(page.entries.map(({ path }) => path));
      cursor = page.next_cursor;
    } while (cursor !== null);
    return pages;
  };
  const top = ['Z', 'a', 'b', 'b-', 'b.txt', 'c', 'empty', 'many', 'é'];

  test('has the entries of a directory, sorted, with their kind and size', async () => {
    expect(await paths(small)).toEqual(top);
    const { entries } = await listFiles(client, id, '?path=c');
    expect(entries).toMatchObject([
      { name: 'd', path: 'c/d', type: 'directory' },
      { name: 'd.x', path: 'c/d.x', type: 'file', size_bytes: 5 },
    ]);
    expect(await paths('?path=c/d/e')).toEqual(['c/d/e/f']);
    expect(await paths('?path=empty')).toEqual([]);
  });

  test('that is recursive has each directory before its entries', async () => {
    expect(await paths('?recursive=true&path=c')).toEqual(['c/d', 'c/d/e', 'c/d/e/f', 'c/d.x']);
    const all = await paths('?recursive=true&limit=10000');
    expect(all.slice(0, 6)).toEqual(['Z', 'a', 'b', 'b/1', 'b/2', 'b-']);
    expect(all).toHaveLength(top.length + 2 + 4 + 2500);
  });

  test.each([1, 2, 3, 100])('is the same page by page, %i at a time', async (limit) => {
    const pages = await everyPage('?recursive=true&path=c', limit);
    expect(pages.flat()).toEqual(await paths('?recursive=true&path=c'));
    expect(pages.every((page) => page.length <= limit)).toBe(true);
    expect((await everyPage('?path=', limit)).flat()).toEqual(top);
  });

  test('of many files has a thousand on a page by default', async () => {
    const first = await listFiles(client, id, '?path=many');
    expect(first.entries).toHaveLength(1_000);
    expect(first.next_cursor).not.toBeNull();
    const pages = await everyPage('?path=many', 700);
    expect(pages.map((page) => page.length)).toEqual([700, 700, 700, 400]);
    expect(new Set(pages.flat()).size).toBe(2_500);
  });

  test('continues at the right place when the last entry was deleted', async () => {
    const { next_cursor: cursor } = await listFiles(client, id, '?path=b&limit=1');
    await client.call('DELETE', `/v1/sessions/${id}/files/b/1`);
    expect(await paths(`?path=b&limit=1&cursor=${cursor}`)).toEqual(['b/2']);
    await client.call('PUT', `/v1/sessions/${id}/files/b/1`, 'b/1');
  });

  test('of a missing directory gets 404', async () => {
    for (const path of ['nowhere', 'a%20b', 'c/x']) {
      const response = client.call('GET', `/v1/sessions/${id}/files?path=${path}`);
      expect(await client.errorOf(response)).toMatchObject({ status: 404, code: 'file_not_found' });
    }
  });
});
