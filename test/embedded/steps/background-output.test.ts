import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { node, python } from '../../support/api/languages.ts';
import { eventsOf, letGo, resultOf, stepThatWrote, submit } from '../../support/api/steps.ts';
import { findInstance } from '../../support/processes/instance.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

/** Each program waits for the file `tick`, performs its action, and creates the file `done`. */
const languages = [
  {
    ...python,
    inBackground: (deed: string) =>
      `import os, sys, threading, time\ndef later():\n    while not os.path.exists("tick"):\n        time.sleep(0.01)\n    try:\n        ${deed}\n    finally:\n        open("done", "w").close()\nthreading.Thread(target=later, daemon=True).start()`,
    prints: 'print("late"); print("late too", file=sys.stderr)',
    raises: 'raise ValueError("late")',
    error: { name: 'ValueError', message: 'late' },
    printsMuch: 'print("x" * 200000 + "end")',
  },
  {
    ...node,
    inBackground: (deed: string) =>
      `const timer = setInterval(() => {\n  if (!require("fs").existsSync("tick")) return;\n  clearInterval(timer);\n  setImmediate(() => require("fs").writeFileSync("done", ""));\n  ${deed};\n}, 10);\nundefined`,
    prints: 'console.log("late"); console.error("late too")',
    raises: 'throw new RangeError("late")',
    error: { name: 'RangeError', message: 'late' },
    printsMuch: 'console.log("x".repeat(200000) + "end")',
  },
];

describe.each(languages)('work that a step of $runtime leaves running', (language) => {
  let client: Client;
  let id: string;
  let workspace: string;
  beforeEach(async () => {
    client = await local().newClient();
    const session = await client.createSession({ runtime: language.runtime });
    id = session.session_id;
    workspace = findInstance(session.instance_id).workspace;
  });
  const tick = async () => {
    await letGo(client, id, 'tick');
    await eventually(() => expect(existsSync(join(workspace, 'done'))).toBe(true));
  };

  test('writes between two steps to the background of the next one', async () => {
    const first = await client.run(id, language.inBackground(language.prints));
    expect(first).toMatchObject({ status: 'completed', stdout: '', background: null });
    await tick();
    const next = await client.run(id, language.print('own'));
    expect(next).toMatchObject({
      stdout: 'own\n',
      stderr: '',
      background: { stdout: 'late\n', stderr: 'late too\n', errors: [] },
    });
    const events = await eventsOf(client, id, next.step_id);
    expect(events.map(({ type }) => type)).toEqual([
      'step_started',
      'background',
      'background',
      'stdout',
      'step_ended',
    ]);
    expect((await client.run(id, language.print('own'))).background).toBeNull();
    expect(await resultOf(client, id, first.step_id)).toEqual(first);
  });

  test('writes while another step runs to the background of that step, live', async () => {
    await client.run(id, language.inBackground(language.prints));
    await submit(client, id, `${language.waitForGo}\n${language.print('own')}`, {
      step_id: 'runs',
    });
    await stepThatWrote(client, id, 'runs', 'waiting');
    await tick();
    await eventually(async () => {
      const { background } = (await (
        await client.call('GET', `/v1/sessions/${id}/steps/runs`)
      ).json()) as {
        background: unknown;
      };
      expect(background).toEqual({ stdout: 'late\n', stderr: 'late too\n', errors: [] });
    });
    await letGo(client, id);
    expect(await resultOf(client, id, 'runs')).toMatchObject({
      status: 'completed',
      stdout: 'waiting\nown\n',
      stderr: '',
      background: { stdout: 'late\n', stderr: 'late too\n' },
    });
  });

  test('writes while its own step runs to the output of that step', async () => {
    await submit(client, id, `${language.inBackground(language.prints)}\n${language.waitForGo}`, {
      step_id: 'runs',
    });
    await stepThatWrote(client, id, 'runs', 'waiting');
    await tick();
    await stepThatWrote(client, id, 'runs', 'late');
    await letGo(client, id);
    expect(await resultOf(client, id, 'runs')).toMatchObject({
      stdout: 'waiting\nlate\n',
      stderr: 'late too\n',
      background: null,
    });
  });

  test('raises between two steps into the errors of the next one, and the interpreter survives', async () => {
    await client.run(id, language.remember);
    await client.run(id, language.inBackground(language.raises));
    await tick();
    const next = await client.run(id, language.recall);
    expect(next).toMatchObject({
      status: 'completed',
      epoch: 1,
      error: null,
      results: [{ 'text/plain': '42' }],
    });
    expect(next.background?.errors).toMatchObject([language.error]);
    const events = await eventsOf(client, id, next.step_id);
    expect(events[1]).toMatchObject({ type: 'background_error', ...language.error });
  });

  test('writes much between two steps, and the end of it is kept', async () => {
    await client.run(id, language.inBackground(language.printsMuch));
    await tick();
    const { background, stdout } = await client.run(id, language.print('own'));
    expect(stdout).toBe('own\n');
    expect(background?.stdout).toMatch(/^x+end\n$/);
    expect(Buffer.byteLength(background?.stdout ?? '')).toBeLessThanOrEqual(64 * 1024);
  });
});

test('a child process that outlives its step writes to the background between steps', async () => {
  const client = await local().newClient();
  const session = await client.createSession();
  const { session_id: id } = session;
  const { workspace } = findInstance(session.instance_id);
  await client.run(
    id,
    'import subprocess\nchild = subprocess.Popen(["sh", "-c", "until test -e tick; do sleep 0.01; done; echo late; touch done"])',
  );
  await letGo(client, id, 'tick');
  await eventually(() => expect(existsSync(join(workspace, 'done'))).toBe(true));
  expect(await client.run(id, 'print("own")')).toMatchObject({
    stdout: 'own\n',
    background: { stdout: 'late\n', stderr: '', errors: [] },
  });
});
