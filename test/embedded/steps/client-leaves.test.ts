import { stepListSchema } from '@steppe/contracts/step';
import { describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { node, python } from '../../support/api/languages.ts';
import { open, responseOf } from '../../support/api/raw-http.ts';
import {
  getStep,
  letGo,
  resultOf,
  stepThatWrote,
  stepWith,
  submit,
} from '../../support/api/steps.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

const forms = [
  { accept: 'application/json', language: python },
  { accept: 'application/json', language: node },
  { accept: 'text/event-stream', language: python },
  { accept: 'application/x-ndjson', language: node },
].map((form) => ({ ...form, runtime: form.language.runtime }));

/** Sends a step, and disconnects once it runs. */
async function runAndLeave(
  client: Client,
  id: string,
  accept: string,
  request: { code: string; step_id: string },
) {
  const left = open(client, 'POST', `/v1/sessions/${id}/steps`, {
    accept,
    'content-type': 'application/json',
  });
  left.end(JSON.stringify(request));
  await stepThatWrote(client, id, request.step_id, 'waiting');
  left.destroy();
}

describe.each(forms)(
  'a client of $runtime that disconnects in the middle of $accept',
  ({ accept, language }) => {
    test('has its step cancelled only if it requested that', async () => {
      const client = await target().newClient();
      const [kept, cancelled] = await Promise.all(
        [1, 2].map(() => client.createSession({ runtime: language.runtime })),
      );
      if (!kept || !cancelled) throw new Error('no sessions');
      const code = `${language.waitForGo}\n${language.print('went on')}`;
      await runAndLeave(client, kept.session_id, accept, { code, step_id: 'left' });
      const request = { code, step_id: 'left', on_disconnect: 'cancel' };
      await runAndLeave(client, cancelled.session_id, accept, request);

      expect(await stepWith(client, cancelled.session_id, 'left', 'cancelled')).toMatchObject({
        state_lost: false,
        error: { name: 'StepCancelled' },
      });
      // By now the agent has noticed the first client's disconnect as well.
      expect(await getStep(client, kept.session_id, 'left')).toMatchObject({ status: 'running' });
      await letGo(client, kept.session_id);
      const result = await resultOf(client, kept.session_id, 'left');
      expect(result).toMatchObject({
        status: 'completed',
        stdout: expect.stringMatching(/^waiting\nwent on\n$/),
      });

      expect(await client.run(cancelled.session_id, language.remember)).toMatchObject({
        status: 'completed',
      });
      expect(await client.run(kept.session_id, language.remember)).toMatchObject({
        status: 'completed',
      });
    });
  },
);

test('a waiting step with on_disconnect cancel leaves the queue when its client disconnects', async () => {
  const client = await target().newClient();
  const { session_id: id } = await client.createSession();
  await submit(client, id, python.waitForGo, { step_id: 'first' });
  await stepThatWrote(client, id, 'first', 'waiting');
  const left = open(client, 'POST', `/v1/sessions/${id}/steps`, {
    'content-type': 'application/json',
  });
  left.end(JSON.stringify({ code: 'ran = True', step_id: 'second', on_disconnect: 'cancel' }));
  await stepWith(client, id, 'second', 'queued');
  left.destroy();
  expect(await stepWith(client, id, 'second', 'cancelled')).toMatchObject({
    started_at: null,
    execution_count: null,
  });
  await letGo(client, id);
  expect(await client.run(id, '"ran" in globals()')).toMatchObject({
    execution_count: 2,
    results: [{ 'text/plain': 'False' }],
  });
});

test('a step whose client disconnected can be joined by its id from a second connection', async () => {
  const client = await target().newClient();
  const { session_id: id } = await client.createSession();
  const request = { code: `${python.waitForGo}\n6 * 7`, step_id: 'joined' };
  await runAndLeave(client, id, 'application/json', request);
  const [joined, streamed] = await Promise.all([
    client.run(id, request.code, { step_id: 'joined' }),
    client
      .call('POST', `/v1/sessions/${id}/steps`, request, { accept: 'text/event-stream' })
      .then((response) => response.text()),
    letGo(client, id),
  ]);
  expect(joined).toMatchObject({
    status: 'completed',
    execution_count: 1,
    results: [{ 'text/plain': '42' }],
  });
  expect(streamed).toContain('"text/plain":"42"');
  const list = await client.call('GET', `/v1/sessions/${id}/steps`);
  expect(stepListSchema.parse(await list.json()).steps).toEqual([joined]);
});

test('a client that disconnects in the middle of an event stream does not affect the step', async () => {
  const client = await target().newClient();
  const { session_id: id } = await client.createSession();
  await submit(client, id, `${python.waitForGo}\nprint("went on")`, { step_id: 'followed' });
  const follow = open(client, 'GET', `/v1/sessions/${id}/steps/followed/events`);
  follow.end();
  for await (const chunk of await responseOf(follow)) if (String(chunk).includes('waiting')) break;
  follow.destroy();
  await letGo(client, id);
  expect(await resultOf(client, id, 'followed')).toMatchObject({
    status: 'completed',
    stdout: 'waiting\nwent on\n',
  });
});
