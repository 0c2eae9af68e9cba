import { stepResultSchema } from '@steppe/contracts/step';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { node, python } from '../../support/api/languages.ts';
import { resultOf, stepThatWrote, stepWith, submit } from '../../support/api/steps.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

const languages = [
  {
    ...python,
    endless: [
      { what: 'a loop', code: 'while True:\n    pass' },
      { what: 'a sleep', code: 'import time\ntime.sleep(1000)' },
      { what: 'an await', code: 'import asyncio\nawait asyncio.sleep(1000)' },
      {
        what: 'a loop over awaits',
        code: 'import asyncio\nwhile True:\n    await asyncio.sleep(0)',
      },
      { what: 'a child process', code: 'import subprocess\nsubprocess.run(["sleep", "1000"])' },
      {
        what: 'a lock',
        code: 'import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()',
      },
      { what: 'much output', code: 'while True:\n    print("x" * 1000)' },
    ],
    unstoppable: [
      {
        what: 'swallows every interrupt',
        code: 'while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass',
      },
      {
        what: 'ignores the signal',
        code: 'import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass',
      },
    ],
  },
  {
    ...node,
    endless: [
      { what: 'a loop', code: 'while (true) {}' },
      { what: 'a promise', code: 'setInterval(() => {}, 60_000); await new Promise(() => {})' },
      { what: 'a timer', code: 'await new Promise((done) => setTimeout(done, 1_000_000))' },
      { what: 'a loop over awaits', code: 'while (true) await null;' },
      { what: 'a loop after an await', code: 'await null;\nwhile (true) {}' },
      { what: 'a loop that catches', code: 'while (true) { try { while (true) {} } catch {} }' },
      { what: 'much output', code: 'while (true) console.log("x".repeat(1000));' },
    ],
    unstoppable: [
      {
        what: 'computes in native code',
        code: 'require("crypto").pbkdf2Sync("a", "b", 1e9, 64, "sha512")',
      },
    ],
  },
];

describe.each(languages)('a step of $runtime', (language) => {
  let client: Client;
  let id: string;
  beforeEach(async () => {
    client = await target().newClient();
    id = (await client.createSession({ runtime: language.runtime })).session_id;
    await client.run(id, language.remember);
  });
  const cancel = (stepId: string) =>
    client.call('POST', `/v1/sessions/${id}/steps/${stepId}/cancel`);
  const stillRemembers = async () => {
    expect(await client.run(id, language.recall)).toMatchObject({
      epoch: 1,
      results: [{ 'text/plain': '42' }],
    });
  };

  test.each(language.endless)(
    'that is $what ends at its time limit, and memory is kept',
    async ({ code }) => {
      const result = await client.run(id, `${language.print('before')}\n${code}`, {
        // On a busy machine the first output takes its time.
        timeout_ms: 1_000,
      });
      expect(result).toMatchObject({
        status: 'timed_out',
        stdout: expect.stringMatching(/^before\n/),
        state_lost: false,
        epoch: 1,
        error: { name: 'StepTimedOut', message: expect.stringContaining('1000') },
      });
      await stillRemembers();
    },
  );

  test.each(language.endless)(
    'that is $what ends when it is cancelled, and memory is kept',
    async ({ code }) => {
      await submit(client, id, `${language.print('before')}\n${code}`, { step_id: 'endless' });
      await stepThatWrote(client, id, 'endless', 'before');
      const response = await cancel('endless');
      expect(response.status).toBe(202);
      expect(stepResultSchema.parse(await response.json())).toMatchObject({
        step_id: 'endless',
        completed_at: null,
      });
      expect(await resultOf(client, id, 'endless')).toMatchObject({
        status: 'cancelled',
        state_lost: false,
        epoch: 1,
        error: { name: 'StepCancelled' },
      });
      await stillRemembers();
    },
  );

  test.each(language.unstoppable)(
    'that $what is killed, and the loss is reported',
    async ({ code }) => {
      const result = await client.run(id, `${language.print('before')}\n${code}`, {
        timeout_ms: 200,
      });
      expect(result).toMatchObject({
        status: 'timed_out',
        stdout: 'before\n',
        state_lost: true,
        epoch: 2,
        error: { name: 'StepTimedOut' },
      });
      expect(await client.run(id, language.recall)).toMatchObject({
        status: 'failed',
        epoch: 2,
        execution_count: 1,
      });
    },
  );

  test.each(language.unstoppable)('that $what is killed when it is cancelled', async ({ code }) => {
    await submit(client, id, `${language.print('before')}\n${code}`, { step_id: 'endless' });
    await stepThatWrote(client, id, 'endless', 'before');
    expect((await cancel('endless')).status).toBe(202);
    expect((await cancel('endless')).status).toBe(202);
    expect(await resultOf(client, id, 'endless')).toMatchObject({
      status: 'cancelled',
      state_lost: true,
      epoch: 2,
    });
    expect(await client.run(id, language.remember)).toMatchObject({
      status: 'completed',
      epoch: 2,
    });
  });

  test('that waits leaves the queue when it is cancelled, and never runs', async () => {
    await submit(client, id, language.waitForGo, { step_id: 'first' });
    await stepThatWrote(client, id, 'first', 'waiting');
    const waits = client.run(id, language.print('ran'), { step_id: 'second' });
    await stepWith(client, id, 'second', 'queued');
    expect((await cancel('second')).status).toBe(202);
    expect(await waits).toMatchObject({
      status: 'cancelled',
      execution_count: null,
      started_at: null,
      stdout: '',
      state_lost: false,
      error: { name: 'StepCancelled' },
    });
    expect((await cancel('first')).status).toBe(202);
    expect(await resultOf(client, id, 'first')).toMatchObject({
      status: 'cancelled',
      state_lost: false,
    });
    await stillRemembers();
  });

  test('that has ended is not changed by a cancel', async () => {
    const ended = await client.run(id, language.recall, { step_id: 'ended' });
    const response = await cancel('ended');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(ended);
    expect(await client.errorOf(cancel('never-was'))).toMatchObject({
      status: 404,
      code: 'step_not_found',
    });
  });

  test('that waits does not use up its time limit', async () => {
    await submit(client, id, language.waitForGo, { step_id: 'first', timeout_ms: 1_000 });
    const second = await client.run(id, language.recall, { timeout_ms: 500 });
    expect(second).toMatchObject({ status: 'completed', results: [{ 'text/plain': '42' }] });
    expect(await resultOf(client, id, 'first')).toMatchObject({ status: 'timed_out' });
  });
});

test('the child processes of a killed step are killed with it', async () => {
  const client = await target().newClient();
  const { session_id: id } = await client.createSession({ runtime: 'python' });
  const { stdout } = await client.run(
    id,
    'import os, subprocess\nchild = subprocess.Popen(["setsid", "sleep", "1000"])\nprint(child.pid, flush=True)\nos._exit(1)',
  );
  const looks = `os.path.exists('/proc/${stdout.trim()}')`;
  expect((await client.run(id, `import os\n${looks}`)).results).toMatchObject([
    { 'text/plain': 'False' },
  ]);
});
