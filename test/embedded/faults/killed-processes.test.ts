import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newStepId } from '@steppe/contracts/testing/new-ids';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { describe, expect, test } from 'vitest';
import { stepWith, submit } from '../../support/api/steps.ts';
import { findInstance } from '../../support/processes/instance.ts';
import { useLocal } from '../../support/processes/use-local.ts';
import { heldNode, heldPython } from './rig/held-steps.ts';
import { pidOf, type Role } from './rig/instance-processes.ts';
import { type ClientView, sendAndStream } from './rig/watched-step.ts';

const local = useLocal();

async function open(runtime: string) {
  const client = await local().newClient();
  const { session_id: id, instance_id: instanceId } = await client.createSession({ runtime });
  const { workspace } = findInstance(instanceId);
  const has = (file: string) =>
    eventually(() => expect(existsSync(join(workspace, file))).toBe(true));
  const signal = (role: Role, name: NodeJS.Signals) =>
    process.kill(pidOf(instanceId ?? '', role), name);
  return {
    client,
    id,
    has,
    letGo: () => writeFileSync(join(workspace, 'go'), ''),
    signal,
    kill: (role: Role) => signal(role, 'SIGKILL'),
  };
}
type Opened = Awaited<ReturnType<typeof open>>;

/**
 * Sends a step in all forms and kills `role` at that stage of the step.
 * @returns what the client of each form saw.
 */
async function killIn(
  { client, id, has, kill }: Opened,
  role: Role,
  code: string,
): Promise<ClientView[]> {
  const stepId = newStepId();
  const { views, streaming } = sendAndStream(client, id, { code, step_id: stepId });
  await Promise.all([has('held'), streaming]);
  kill(role);
  return views;
}

/**
 * Sends a step in all forms. When it resolves, the worker has sent `done`, and the stopped agent
 * has not read it.
 */
async function sendDoneUnread({
  client,
  id,
  has,
  letGo,
  signal,
}: Opened): Promise<() => Promise<ClientView[]>> {
  const { views, streaming } = sendAndStream(client, id, {
    code: heldPython.beforeDone,
    step_id: newStepId(),
  });
  await Promise.all([has('held'), streaming]);
  signal('agent', 'SIGSTOP');
  letGo();
  await has('sent');
  return () => views;
}

/** The result, or the last event, that each of the three forms received. */
const endsIn = (views: ClientView[]) =>
  views.map((view) =>
    view.kind === 'result' ? view.result : view.kind === 'events' ? view.events.at(-1) : view,
  );
const stdoutIn = (view: ClientView) =>
  view.kind === 'result'
    ? view.result.stdout
    : view.kind === 'events'
      ? view.events.map((e) => (e.type === 'stdout' ? e.text : '')).join('')
      : '';

async function expectFreshMemory({ client, id }: Opened): Promise<void> {
  expect(await client.run(id, '6 * 7')).toMatchObject({
    status: 'completed',
    epoch: 2,
    execution_count: 1,
    state_lost: false,
  });
}

const killed = [heldPython, heldNode].flatMap((held) =>
  (['worker', 'supervisor'] as const).map((role) => ({ ...held, role })),
);

describe.each(killed)('the $role of $runtime, killed', ({ runtime, role, ...held }) => {
  const lost = {
    status: 'failed',
    state_lost: true,
    epoch: 2,
    usage: null,
    error: { name: 'WorkerCrashed' },
  };

  test.each([
    { stage: 'before the first byte', code: held.beforeOutput, stdout: '' },
    { stage: 'mid-stream', code: held.midStream, stdout: 'said\n' },
    { stage: 'between the end markers and done', code: held.beforeDone, stdout: 'said\n' },
  ])('$stage, is reported in every form, with the output so far', async ({ code, stdout }) => {
    const session = await open(runtime);
    const views = await killIn(session, role, code);
    expect(endsIn(views)).toEqual(
      [0, 1, 2].map(() =>
        expect.objectContaining({ ...lost, error: expect.objectContaining(lost.error) }),
      ),
    );
    expect(views.map(stdoutIn)).toEqual([stdout, stdout, stdout]);
    await expectFreshMemory(session);
  });

  test('while a step waits, does not run it: 409, or cancelled if the response had begun', async () => {
    const session = await open(runtime);
    const { client, id, has, kill } = session;
    const running = await submit(client, id, held.midStream);
    await has('held');
    const stepId = newStepId();
    const { views, streaming } = sendAndStream(client, id, {
      code: 'open("ran", "w")',
      step_id: stepId,
    });
    await Promise.all([stepWith(client, id, stepId, 'queued'), streaming]);
    kill(role);
    const [json, ...streams] = await views;
    expect(json).toMatchObject({
      kind: 'refusal',
      status: 409,
      code: 'runtime_restarted',
      details: { epoch: 2 },
    });
    const cancelled = {
      status: 'cancelled',
      state_lost: true,
      started_at: null,
      error: { name: 'RuntimeRestarted' },
    };
    expect(endsIn(streams)).toMatchObject([cancelled, cancelled]);
    expect(await stepWith(client, id, running, 'failed')).toMatchObject(lost);
    // Every client that waited has learnt of the loss, so the next step is accepted.
    await expectFreshMemory(session);
  });
});

test.each(['worker', 'supervisor'] as const)(
  'the %s, killed after done and before the response, loses no result',
  async (role) => {
    const session = await open('python');
    const { client, id } = session;
    const readViews = await sendDoneUnread(session);
    session.kill(role);
    session.signal('agent', 'SIGCONT');
    const views = await readViews();
    const completed = {
      status: 'completed',
      state_lost: false,
      epoch: 1,
      execution_count: 1,
      error: null,
    };
    expect(endsIn(views)).toMatchObject([completed, completed, completed]);
    expect(views.map(stdoutIn)).toEqual(['said\n', 'said\n', 'said\n']);
    // The memory was lost between two steps: the next step is refused with the loss, and does not
    // run.
    const next = client.errorOf(
      client.call('POST', `/v1/sessions/${id}/steps`, { code: 'x = 1', step_id: 'next' }),
    );
    expect(await next).toMatchObject({
      status: 409,
      code: 'runtime_restarted',
      details: { epoch: 2 },
    });
    await expectFreshMemory(session);
  },
);

describe('the agent, killed', () => {
  /**
   * The session returns 410 once its end is recorded. Until then the cause is unknown, and it is
   * 503.
   */
  const expectGone = (view: ClientView | undefined) =>
    expect([410, 503]).toContain(view?.kind === 'refusal' ? view.status : view?.kind);
  const expectEnded = ({ client, id }: Opened) =>
    eventually(async () => {
      const error = await client.errorOf(
        client.call('POST', `/v1/sessions/${id}/steps`, { code: '1' }),
      );
      expect(error).toMatchObject({
        status: 410,
        code: 'session_ended',
        details: { end_reason: 'crashed' },
      });
    });

  test.each([
    { stage: 'before the first byte', code: heldPython.beforeOutput },
    { stage: 'mid-stream', code: heldPython.midStream },
    { stage: 'between the end markers and done', code: heldPython.beforeDone },
  ])('$stage, ends the session: 410, and a stream breaks off', async ({ code }) => {
    const session = await open('python');
    const [json, ...streams] = await killIn(session, 'agent', code);
    expectGone(json);
    expect(streams).toEqual([{ kind: 'broken' }, { kind: 'broken' }]);
    await expectEnded(session);
  });

  test('after done and before the response, ends the session all the same', async () => {
    const session = await open('python');
    const readViews = await sendDoneUnread(session);
    session.kill('agent');
    const [json, ...streams] = await readViews();
    expectGone(json);
    expect(streams).toEqual([{ kind: 'broken' }, { kind: 'broken' }]);
    await expectEnded(session);
  });

  test('while a step waits, ends it with the session', async () => {
    const session = await open('python');
    const { client, id, has, kill } = session;
    await submit(client, id, heldPython.midStream);
    await has('held');
    const stepId = newStepId();
    const { views, streaming } = sendAndStream(client, id, { code: '1', step_id: stepId });
    await Promise.all([stepWith(client, id, stepId, 'queued'), streaming]);
    kill('agent');
    const [json, ...streams] = await views;
    expectGone(json);
    expect(streams).toEqual([{ kind: 'broken' }, { kind: 'broken' }]);
    await expectEnded(session);
  });
});
