import { type Session, sessionSchema } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { python } from '../../support/api/languages.ts';
import { getStep, letGo, resultOf, stepThatWrote, submit } from '../../support/api/steps.ts';
import type { TargetInstance } from '../../support/api/target.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

let client: Client;
beforeEach(async () => {
  client = await target().newClient();
});

const get = async (id: string): Promise<Session> =>
  sessionSchema.parse(await (await client.call('GET', `/v1/sessions/${id}`)).json());

const ended = (id: string): Promise<Session> =>
  eventually(async () => {
    const session = await get(id);
    expect(session.state).toBe('ended');
    return session;
  });

/**
 * Expects the reason in the session's record and in the response to every call, and that nothing of
 * its instance is left.
 */
async function expectEnd({ session_id: id }: Session, reason: string, instance: TargetInstance) {
  expect(await ended(id)).toMatchObject({ end_reason: reason });
  for (const [method, path, body] of [
    ['POST', '/steps', { code: '' }],
    ['GET', '/steps/none', undefined],
    ['PUT', '/files/a', 'x'],
    ['POST', '/restart', undefined],
  ] as const) {
    expect(
      await client.errorOf(client.call(method, `/v1/sessions/${id}${path}`, body)),
      `${method} ${path}`,
    ).toMatchObject({
      status: 410,
      code: 'session_ended',
      details: { end_reason: reason },
    });
  }
  await eventually(() => instance.expectGone());
  expect((await client.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
  expect((await get(id)).end_reason).toBe(reason);
}

describe('a session ends by itself', () => {
  test.each([
    {
      when: 'it was idle for too long',
      body: { idle_timeout_seconds: 1 },
      reason: 'idle',
    },
    { when: 'its lifetime is over', body: { ttl_seconds: 1 }, reason: 'expired' },
  ])('when $when, as created and as patched', async ({ body, reason }) => {
    const created = await client.createSession(body);
    expect(await ended(created.session_id)).toMatchObject({ end_reason: reason });
    const session = await client.createSession();
    const instance = target().instance(session.instance_id);
    expect((await client.call('PATCH', `/v1/sessions/${session.session_id}`, body)).status).toBe(
      200,
    );
    await expectEnd(session, reason, instance);
  });

  test('not while a step runs, however late: new steps are refused, and the running one can be read and cancelled', async () => {
    const { session_id: id } = await client.createSession();
    await submit(client, id, python.waitForGo, { step_id: 'runs' });
    await stepThatWrote(client, id, 'runs', 'waiting');
    await client.call('PATCH', `/v1/sessions/${id}`, { ttl_seconds: 1 });
    const expired = { status: 410, code: 'session_ended', details: { end_reason: 'expired' } };
    await eventually(async () => {
      expect(
        await client.errorOf(client.call('PUT', `/v1/sessions/${id}/files/a`, 'x')),
      ).toMatchObject(expired);
    });
    for (const [method, path, body] of [
      ['POST', '/steps', { code: '' }],
      ['DELETE', '/files/a', undefined],
      ['POST', '/restart', undefined],
    ] as const) {
      expect(
        await client.errorOf(client.call(method, `/v1/sessions/${id}${path}`, body)),
        path,
      ).toMatchObject(expired);
    }
    expect(await getStep(client, id, 'runs')).toMatchObject({ status: 'running' });
    const joining = { code: python.waitForGo, step_id: 'runs', wait: false };
    expect((await client.call('POST', `/v1/sessions/${id}/steps`, joining)).status).toBe(202);
    expect((await client.call('POST', `/v1/sessions/${id}/steps/runs/cancel`)).status).toBe(202);
    expect(await resultOf(client, id, 'runs')).toMatchObject({
      status: 'cancelled',
      stdout: 'waiting\n',
    });
  });

  test('not while a step runs longer than the idle timeout', async () => {
    const { session_id: id } = await client.createSession();
    const code = `${python.waitForGo}\ntime.sleep(2)\nprint("ended")`;
    await submit(client, id, code, { step_id: 'runs' });
    await stepThatWrote(client, id, 'runs', 'waiting');
    const joined = client.run(id, code, { step_id: 'runs' });
    await letGo(client, id);
    expect(
      (await client.call('PATCH', `/v1/sessions/${id}`, { idle_timeout_seconds: 1 })).status,
    ).toBe(200);
    expect(await joined).toMatchObject({ status: 'completed', stdout: 'waiting\nended\n' });
    expect(await ended(id)).toMatchObject({ end_reason: 'idle' });
  });
});

describe('a session whose agent is killed', () => {
  test('has crashed, for calls that wait and for later ones', async () => {
    const session = await client.createSession();
    const instance = target().instance(session.instance_id);
    await submit(client, session.session_id, python.waitForGo, { step_id: 'runs' });
    await stepThatWrote(client, session.session_id, 'runs', 'waiting');
    const follows = client
      .call('GET', `/v1/sessions/${session.session_id}/steps/runs/events`)
      .then((response) => response.text());
    const joins = client.call('POST', `/v1/sessions/${session.session_id}/steps`, {
      code: python.waitForGo,
      step_id: 'runs',
    });
    instance.killAgent();
    // A stream that has begun breaks off; a call without a response yet gets an error.
    await follows.catch(() => undefined);
    const { status, code } = await client.errorOf(joins);
    expect([410, 503]).toContain(status);
    expect(['session_ended', 'runtime_unreachable']).toContain(code);
    await expectEnd(session, 'crashed', instance);
    // A container's exit code contains its signal.
    expect((await get(session.session_id)).end_detail).toMatch(/SIGKILL|exit code 137/);
  });

  test('does not affect other sessions', async () => {
    const [killed, other] = await Promise.all([client.createSession(), client.createSession()]);
    await client.run(other.session_id, python.remember);
    target().instance(killed.instance_id).killAgent();
    await ended(killed.session_id);
    expect((await client.run(other.session_id, python.recall)).results).toMatchObject([
      { 'text/plain': '42' },
    ]);
  });
});

test('a delete ends the running step, and waiting calls get an error', async () => {
  const session = await client.createSession();
  const { session_id: id } = session;
  const instance = target().instance(session.instance_id);
  const runs = client.call('POST', `/v1/sessions/${id}/steps`, {
    code: python.waitForGo,
    step_id: 'runs',
  });
  await stepThatWrote(client, id, 'runs', 'waiting');
  expect((await client.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
  const response = await runs;
  expect([200, 410]).toContain(response.status);
  if (response.status === 200)
    expect(await response.json()).toMatchObject({ status: 'cancelled', state_lost: true });
  await expectEnd(session, 'deleted', instance);
});
