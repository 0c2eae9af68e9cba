import { stepListSchema } from '@steppe/contracts/step';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { node, python } from '../../support/api/languages.ts';
import { letGo, resultOf, stepThatWrote, stepWith, submit } from '../../support/api/steps.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

const languages = [
  {
    ...python,
    begin: 'order = []',
    append: (at: number) => `order.append(${at})`,
    order: 'order',
    shown: (list: string) => `[${list}]`,
  },
  {
    ...node,
    begin: 'const order = []',
    append: (at: number) => `void order.push(${at})`,
    order: 'order.join(", ")',
    shown: (list: string) => `'${list}'`,
  },
];

describe.each(languages)('steps of $runtime', (language) => {
  let client: Client;
  let id: string;
  beforeEach(async () => {
    client = await target().newClient();
    id = (await client.createSession({ runtime: language.runtime })).session_id;
  });

  test('run one at a time in order of arrival; sixteen wait, and one more is refused', async () => {
    await client.run(id, language.begin);
    await submit(client, id, language.waitForGo, { step_id: 'first' });
    await stepThatWrote(client, id, 'first', 'waiting');
    const waiting: string[] = [];
    for (let at = 0; at < 16; at += 1) waiting.push(await submit(client, id, language.append(at)));

    const further = () =>
      client.call('POST', `/v1/sessions/${id}/steps`, {
        code: language.append(16),
        step_id: 'further',
      });
    for (const response of [await further(), await further()]) {
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await client.errorOf(response)).toMatchObject({
        status: 429,
        code: 'step_queue_full',
        retryable: true,
      });
    }
    await letGo(client, id);
    for (const stepId of waiting)
      expect(await resultOf(client, id, stepId)).toMatchObject({ status: 'completed' });
    // The refused steps left their id unused.
    expect((await further()).status).toBe(200);
    const order = Array.from({ length: 17 }, (_, at) => at).join(', ');
    expect((await client.run(id, language.order)).results).toMatchObject([
      { 'text/plain': language.shown(order) },
    ]);
  });

  test('that are sent at the same time all run, each once', async () => {
    await client.run(id, language.begin);
    const results = await Promise.all(
      Array.from({ length: 16 }, (_, at) => client.run(id, language.append(at))),
    );
    expect(new Set(results.map(({ execution_count }) => execution_count)).size).toBe(16);
    const { results: values } = await client.run(
      id,
      language.runtime === 'python' ? 'sorted(order)' : 'order.sort((a, b) => a - b).join(", ")',
    );
    const order = Array.from({ length: 16 }, (_, at) => at).join(', ');
    expect(values).toMatchObject([{ 'text/plain': language.shown(order) }]);
  });

  test('are listed newest first, page by page', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const stepId of ids) await client.run(id, '', { step_id: stepId });
    const page = async (query: string) =>
      stepListSchema.parse(
        await (await client.call('GET', `/v1/sessions/${id}/steps${query}`)).json(),
      );
    expect((await page('')).steps.map(({ step_id }) => step_id)).toEqual([...ids].reverse());
    const listed: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { steps, next_cursor } = await page(`?limit=2${cursor && `&cursor=${cursor}`}`);
      listed.push(...steps.map(({ step_id }) => step_id));
      cursor = next_cursor;
    }
    expect(listed).toEqual([...ids].reverse());
  });

  test('are listed as queued or running', async () => {
    await submit(client, id, language.waitForGo, { step_id: 'runs' });
    await stepThatWrote(client, id, 'runs', 'waiting');
    await submit(client, id, '', { step_id: 'waits' });
    await stepWith(client, id, 'waits', 'queued');
    const list = await client.call('GET', `/v1/sessions/${id}/steps`);
    expect(stepListSchema.parse(await list.json()).steps).toMatchObject([
      { step_id: 'waits', status: 'queued', started_at: null, execution_count: null },
      { step_id: 'runs', status: 'running', stdout: 'waiting\n', completed_at: null },
    ]);
    await letGo(client, id);
    await stepWith(client, id, 'waits', 'completed');
  });
});
