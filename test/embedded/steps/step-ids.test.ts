import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { python } from '../../support/api/languages.ts';
import { letGo, readEvents, stepThatWrote, submit } from '../../support/api/steps.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

describe('the same step under its id', () => {
  let client: Client;
  let id: string;
  beforeEach(async () => {
    client = await local().newClient();
    id = (await client.createSession()).session_id;
    await client.run(id, 'runs = 0');
  });
  const steps = () => `/v1/sessions/${id}/steps`;
  const hasRunOnce = async () => {
    expect((await client.run(id, 'runs')).results).toMatchObject([{ 'text/plain': '1' }]);
  };

  test('joins the running step', async () => {
    const code = `runs += 1\n${python.waitForGo}\nruns`;
    await submit(client, id, code, { step_id: 'same' });
    await stepThatWrote(client, id, 'same', 'waiting');
    const joined = [1, 2, 3].map(() => client.run(id, code, { step_id: 'same' }));
    await submit(client, id, code, { step_id: 'same' });
    const streamed = client
      .call('POST', steps(), { code, step_id: 'same' }, { accept: 'application/x-ndjson' })
      .then(readEvents);
    await letGo(client, id);
    const [first, ...others] = await Promise.all(joined);
    expect(first).toMatchObject({ status: 'completed', stdout: 'waiting\n', execution_count: 2 });
    for (const other of others) expect(other).toEqual(first);
    expect((await streamed).map(({ type }) => type)).toEqual([
      'step_started',
      'stdout',
      'result',
      'step_ended',
    ]);
    await hasRunOnce();
  });

  test('returns the result of a step that has ended, in every format', async () => {
    const first = await client.run(id, 'runs += 1', { step_id: 'same' });
    for (const request of [
      {},
      { wait: true },
      { on_disconnect: 'cancel' },
      { epoch: 1 },
      { epoch: 999 },
      { env: {} },
      { timeout_ms: 60_000 },
    ]) {
      expect(await client.run(id, 'runs += 1', { step_id: 'same', ...request })).toEqual(first);
    }
    const submitted = await client.call('POST', steps(), {
      code: 'runs += 1',
      step_id: 'same',
      wait: false,
    });
    expect(await submitted.json()).toEqual(first);
    const streamed = await client.call(
      'POST',
      steps(),
      { code: 'runs += 1', step_id: 'same' },
      { accept: 'text/event-stream' },
    );
    expect(await streamed.text()).toContain('event: step_ended');
    await hasRunOnce();
  });

  test.each([
    { code: 'runs += 2' },
    { code: 'runs += 1 ' },
    { env: { A: 'x' } },
    { cwd: '.' },
    { timeout_ms: 59_999 },
  ])('with another request is a conflict: $code $env $cwd $timeout_ms', async (other) => {
    const first = await client.run(id, 'runs += 1', { step_id: 'same' });
    const response = client.call('POST', steps(), { code: 'runs += 1', step_id: 'same', ...other });
    expect(await client.errorOf(response)).toMatchObject({
      status: 409,
      code: 'step_conflict',
      details: { reason: 'different_request' },
    });
    expect(await client.run(id, 'runs += 1', { step_id: 'same' })).toEqual(first);
    await hasRunOnce();
  });

  test('is compared without regard to the order of its variables', async () => {
    const first = await client.run(id, 'runs += 1', { step_id: 'same', env: { A: '1', B: '2' } });
    expect(await client.run(id, 'runs += 1', { step_id: 'same', env: { B: '2', A: '1' } })).toEqual(
      first,
    );
    await hasRunOnce();
  });

  test('is a conflict that says so if its result is forgotten, and does not run again', async () => {
    await client.run(id, 'runs += 1', { step_id: 'same' });
    for (let at = 0; at < 256; at += 1) await client.run(id, '');
    const response = client.call('POST', steps(), { code: 'runs += 1', step_id: 'same' });
    expect(await client.errorOf(response)).toMatchObject({
      status: 409,
      code: 'step_conflict',
      details: { reason: 'forgotten' },
    });
    expect(await client.errorOf(client.call('GET', `${steps()}/same`))).toMatchObject({
      status: 404,
      code: 'step_not_found',
    });
    await hasRunOnce();
  });

  test('is a different step in another session', async () => {
    const { session_id: other } = await client.createSession();
    await client.run(id, 'runs += 1', { step_id: 'same' });
    expect(await client.run(other, '6 * 7', { step_id: 'same' })).toMatchObject({
      results: [{ 'text/plain': '42' }],
    });
    await hasRunOnce();
  });

  test('has its id in every response, whether chosen or generated', async () => {
    const chosen = await client.call('POST', steps(), { code: '', step_id: 'chosen' });
    expect(chosen.headers.get('steppe-step-id')).toBe('chosen');
    for (const request of [{ code: '' }, { code: '', wait: false }, { code: '', epoch: 99 }]) {
      const response = await client.call('POST', steps(), request);
      expect(response.headers.get('steppe-step-id')).toMatch(/^stp_[0-9A-Z]{26}$/);
      const body = (await response.json()) as { step_id?: string };
      if (response.ok) expect(body.step_id).toBe(response.headers.get('steppe-step-id'));
    }
  });
});
