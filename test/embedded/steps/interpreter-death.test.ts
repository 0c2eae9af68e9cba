import { sessionSchema } from '@steppe/contracts/session';
import { stepResultSchema } from '@steppe/contracts/step';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { readText } from '../../support/api/files.ts';
import { node, python } from '../../support/api/languages.ts';
import {
  getStep,
  letGo,
  readEvents,
  stepThatWrote,
  stepWith,
  submit,
} from '../../support/api/steps.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const languages = [
  {
    ...python,
    print: (text: string) => `print(${JSON.stringify(text)})`,
    forgotten: 'NameError',
    exit: 'import os\nos._exit(3)',
    deaths: [
      { by: 'os._exit', code: 'import os\nos._exit(3)', says: 'exit code 3' },
      { by: 'os._exit(0)', code: 'import os\nos._exit(0)', says: 'exit code 0' },
      { by: 'a segfault', code: 'import ctypes\nctypes.string_at(0)', says: 'SIGSEGV' },
      {
        by: 'SIGKILL',
        code: 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)',
        says: 'SIGKILL',
      },
      { by: 'abort', code: 'import os\nos.abort()', says: 'SIGABRT' },
      { by: 'exec', code: 'import os\nos.execvp("false", ["false"])', says: 'exit code 1' },
    ],
    diesLater:
      'import os, threading, time\ndef later():\n    while not os.path.exists("die"):\n        time.sleep(0.01)\n    os._exit(3)\nthreading.Thread(target=later, daemon=True).start()',
  },
  {
    ...node,
    forgotten: 'ReferenceError',
    exit: 'process.exit(3)',
    deaths: [
      { by: 'process.exit', code: 'process.exit(3)', says: 'exit code 3' },
      { by: 'process.exit(0)', code: 'process.exit(0)', says: 'exit code 0' },
      { by: 'process.abort', code: 'process.abort()', says: 'SIGABRT' },
      { by: 'SIGKILL', code: 'process.kill(process.pid, "SIGKILL")', says: 'SIGKILL' },
      {
        by: 'SIGSEGV',
        code: 'process.kill(process.pid, "SIGSEGV");\nwhile (true) {}',
        says: 'SIGSEGV',
      },
    ],
    diesLater:
      'setInterval(() => require("fs").existsSync("die") && process.exit(3), 10);\nundefined',
  },
];

describe.each(languages)('an interpreter of $runtime that dies', (language) => {
  let client: Client;
  let id: string;
  beforeEach(async () => {
    client = await local().newClient();
    id = (await client.createSession({ runtime: language.runtime })).session_id;
    await client.run(id, language.remember);
  });
  const epoch = async () =>
    sessionSchema.parse(await (await client.call('GET', `/v1/sessions/${id}`)).json()).epoch;

  test.each(language.deaths)(
    'by $by is reported, and the next step runs in a new one',
    async ({ code, says }) => {
      await client.call('PUT', `/v1/sessions/${id}/files/kept.txt`, 'kept');
      const died = await client.run(id, `${language.print('before')}\n${code}`);
      expect(died).toMatchObject({
        status: 'failed',
        state_lost: true,
        epoch: 2,
        stdout: 'before\n',
        execution_count: 2,
        usage: null,
        error: { name: 'WorkerCrashed', message: expect.stringContaining(says) },
      });
      expect(await getStep(client, id, died.step_id)).toEqual(died);
      expect(await epoch()).toBe(2);
      expect(await client.run(id, language.recall)).toMatchObject({
        status: 'failed',
        execution_count: 1,
        epoch: 2,
        state_lost: false,
        error: { name: language.forgotten },
      });
      expect(await readText(client, id, 'kept.txt')).toBe('kept');
      expect(await client.run(id, language.remember)).toMatchObject({
        status: 'completed',
        execution_count: 2,
        epoch: 2,
      });
    },
  );

  test('does not run the waiting steps', async () => {
    await submit(client, id, `${language.waitForGo}\n${language.exit}`, { step_id: 'dies' });
    await stepThatWrote(client, id, 'dies', 'waiting');
    const steps = `/v1/sessions/${id}/steps`;
    const waits = client.errorOf(
      client.call('POST', steps, { code: language.print('ran'), step_id: 'waits' }),
    );
    const streams = client
      .call(
        'POST',
        steps,
        { code: language.print('ran'), step_id: 'streams' },
        { accept: 'application/x-ndjson' },
      )
      .then(readEvents);
    await submit(client, id, language.print('ran'), { step_id: 'submitted' });
    for (const stepId of ['waits', 'streams']) await stepWith(client, id, stepId, 'queued');
    await letGo(client, id);

    expect(await waits).toMatchObject({
      status: 409,
      code: 'runtime_restarted',
      details: { epoch: 2 },
    });
    const lost = {
      status: 'cancelled',
      state_lost: true,
      epoch: 2,
      error: { name: 'RuntimeRestarted' },
    };
    expect((await streams).at(-1)).toMatchObject({ type: 'step_ended', ...lost });
    for (const stepId of ['waits', 'streams', 'submitted']) {
      expect(await getStep(client, id, stepId)).toMatchObject({
        ...lost,
        stdout: '',
        started_at: null,
      });
    }
    // Every client that waited has learnt of the loss, so a new step does not depend on the old
    // memory.
    expect(await client.run(id, language.remember)).toMatchObject({
      status: 'completed',
      epoch: 2,
      execution_count: 1,
    });
  });

  test('between two steps refuses the next one, however often it is sent, and runs the one after it', async () => {
    await client.run(id, language.diesLater);
    await letGo(client, id, 'die');
    await eventually(async () => expect(await epoch()).toBe(2));

    const run = (request: object) => client.call('POST', `/v1/sessions/${id}/steps`, request);
    const step = { code: language.recall, step_id: 'refused' };
    const refusal = {
      status: 409,
      code: 'runtime_restarted',
      details: { epoch: 2 },
      retryable: false,
    };
    expect(await client.errorOf(run(step))).toMatchObject(refusal);
    expect(await client.errorOf(run(step))).toMatchObject(refusal);
    expect(
      await client.errorOf(client.call('GET', `/v1/sessions/${id}/steps/refused`)),
    ).toMatchObject({ status: 404 });
    expect(await client.run(id, language.remember)).toMatchObject({
      status: 'completed',
      epoch: 2,
      execution_count: 1,
    });
    expect(await client.errorOf(run(step))).toMatchObject(refusal);
    const knows = stepResultSchema.parse(await (await run({ ...step, epoch: 2 })).json());
    expect(knows).toMatchObject({
      status: 'completed',
      execution_count: 2,
      results: [{ 'text/plain': '42' }],
    });
  });

  test('between two steps runs the next one if it names the new epoch', async () => {
    await client.run(id, language.diesLater);
    await letGo(client, id, 'die');
    await eventually(async () => expect(await epoch()).toBe(2));
    const wrong = client.call('POST', `/v1/sessions/${id}/steps`, {
      code: language.recall,
      epoch: 1,
    });
    expect(await client.errorOf(wrong)).toMatchObject({
      status: 409,
      code: 'epoch_mismatch',
      details: { epoch: 2 },
    });
    expect(await client.run(id, language.remember, { epoch: 2 })).toMatchObject({
      status: 'completed',
      epoch: 2,
    });
    expect(await client.run(id, language.recall)).toMatchObject({
      status: 'completed',
      results: [{ 'text/plain': '42' }],
    });
  });

  test('repeatedly is replaced each time', async () => {
    for (const times of [2, 3, 4, 5, 6]) {
      expect(await client.run(id, language.exit)).toMatchObject({ state_lost: true, epoch: times });
    }
    expect(await client.run(id, language.remember)).toMatchObject({
      status: 'completed',
      epoch: 6,
    });
  });
});
