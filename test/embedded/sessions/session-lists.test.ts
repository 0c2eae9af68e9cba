import { sessionListSchema } from '@steppe/contracts/session';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

describe('a list of sessions', () => {
  let client: Client;
  const ids: string[] = [];
  beforeAll(async () => {
    client = await target().newClient();
    for (const at of [0, 1, 2, 3, 4]) {
      const metadata = { parity: at % 2 ? 'odd' : 'even', at: String(at), 'a b&c': 'ü=?' };
      ids.unshift((await client.createSession({ metadata })).session_id);
    }
    expect((await client.call('DELETE', `/v1/sessions/${ids[4]}`)).status).toBe(204);
  });
  const list = async (query: string) => {
    const response = await client.call('GET', `/v1/sessions${query}`);
    expect(response.status).toBe(200);
    const { sessions, next_cursor: cursor } = sessionListSchema.parse(await response.json());
    return { sessions, cursor, listed: sessions.map(({ session_id }) => session_id) };
  };

  test('is newest first, includes ended sessions, and omits what only an agent knows', async () => {
    const { sessions, listed, cursor } = await list('');
    expect(listed).toEqual(ids);
    expect(cursor).toBeNull();
    expect(sessions[0]).toMatchObject({ state: 'ready' });
    expect(sessions[0]).not.toHaveProperty('epoch');
    expect(sessions[0]).not.toHaveProperty('last_active_at');
    expect(sessions[4]).toMatchObject({ state: 'ended', end_reason: 'deleted' });
  });

  test.each([1, 2, 3, 5, 200])('is the same page by page, %i at a time', async (limit) => {
    const listed: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Awaited<ReturnType<typeof list>> = await list(
        `?limit=${limit}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      expect(page.listed.length).toBeLessThanOrEqual(limit);
      listed.push(...page.listed);
      cursor = page.cursor;
    }
    expect(listed).toEqual(ids);
  });

  test.each([
    { query: '?state=ready', expected: [0, 1, 2, 3] },
    { query: '?state=ended', expected: [4] },
    { query: '?state=provisioning', expected: [] },
    { query: '?metadata.parity=odd', expected: [1, 3] },
    { query: '?metadata.parity=even&state=ready', expected: [0, 2] },
    { query: '?metadata.parity=even&metadata.at=2', expected: [2] },
    { query: '?metadata.parity=odd&metadata.at=2', expected: [] },
    { query: '?metadata.parity=', expected: [] },
    { query: '?metadata.never=was', expected: [] },
    {
      query: `?metadata.${encodeURIComponent('a b&c')}=${encodeURIComponent('ü=?')}&state=ended`,
      expected: [4],
    },
  ])('is filtered by $query', async ({ query, expected }) => {
    expect((await list(query)).listed).toEqual(expected.map((at) => ids[at]));
  });

  test('is filtered page by page too', async () => {
    const listed: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Awaited<ReturnType<typeof list>> = await list(
        `?metadata.parity=even&limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      listed.push(...page.listed);
      cursor = page.cursor;
    }
    expect(listed).toEqual([ids[0], ids[2], ids[4]]);
  });

  test('refuses a cursor of another tenant', async () => {
    const { cursor } = await list('?limit=1');
    const stranger = await target().newClient();
    const response = await stranger.call(
      'GET',
      `/v1/sessions?cursor=${encodeURIComponent(cursor ?? '')}`,
    );
    const text = await response.text();
    expect([200, 400]).toContain(response.status);
    for (const id of ids) expect(text).not.toContain(id);
  });
});
