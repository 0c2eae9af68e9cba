import { restartResponseSchema } from '@steppe/contracts/step';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { readText } from '../../support/api/files.ts';
import { node, python } from '../../support/api/languages.ts';
import {
  getStep,
  readEvents,
  resultOf,
  stepThatWrote,
  stepWith,
  submit,
} from '../../support/api/steps.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

const languages = [
  {
    ...python,
    forgotten: 'NameError',
    removeWorkspace: 'import os, shutil; shutil.rmtree(os.getcwd())',
  },
  {
    ...node,
    forgotten: 'ReferenceError',
    removeWorkspace: 'require("node:fs").rmSync(process.cwd(), { recursive: true })',
  },
];

describe.each(languages)('a restart of $runtime', (language) => {
  let client: Client;
  let id: string;
  beforeEach(async () => {
    client = await target().newClient();
    id = (await client.createSession({ runtime: language.runtime, env: { LASTS: 'yes' } }))
      .session_id;
    await client.run(id, language.remember);
  });
  const restart = async (body?: object) => {
    const response = await client.call('POST', `/v1/sessions/${id}/restart`, body);
    expect(response.status).toBe(200);
    return restartResponseSchema.parse(await response.json()).epoch;
  };

  test('clears the memory, keeps files and variables, and refuses no step', async () => {
    await client.call('PUT', `/v1/sessions/${id}/files/kept.txt`, 'kept');
    expect(await restart()).toBe(2);
    const next = await client.run(id, language.recall);
    expect(next).toMatchObject({
      status: 'failed',
      epoch: 2,
      execution_count: 1,
      state_lost: false,
      error: { name: language.forgotten },
    });
    expect((await client.run(id, language.readEnv('LASTS'))).results).toMatchObject([
      { 'text/plain': "'yes'" },
    ]);
    expect(await readText(client, id, 'kept.txt')).toBe('kept');
    expect(await restart({})).toBe(3);
    expect(await restart({ epoch: 3 })).toBe(4);
  });

  test('recreates a workspace that code had removed', async () => {
    await client.call('POST', `/v1/sessions/${id}/steps`, { code: language.removeWorkspace });
    expect(await restart()).toBe(2);
    expect(await client.run(id, language.remember)).toMatchObject({
      status: 'completed',
      epoch: 2,
    });
    expect((await client.call('PUT', `/v1/sessions/${id}/files/new.txt`, 'new')).status).toBe(201);
  });

  test('cancels the running step, and does not run waiting ones', async () => {
    const runs = client.run(id, language.waitForGo, { step_id: 'runs' });
    await stepThatWrote(client, id, 'runs', 'waiting');
    const steps = `/v1/sessions/${id}/steps`;
    const waits = client.errorOf(
      client.call('POST', steps, { code: language.recall, step_id: 'waits' }),
    );
    const streams = client
      .call(
        'POST',
        steps,
        { code: language.recall, step_id: 'streams' },
        { accept: 'application/x-ndjson' },
      )
      .then(readEvents);
    for (const stepId of ['waits', 'streams']) await stepWith(client, id, stepId, 'queued');

    expect(await restart()).toBe(2);
    const lost = {
      status: 'cancelled',
      state_lost: true,
      epoch: 2,
      error: { name: 'RuntimeRestarted' },
    };
    expect(await runs).toMatchObject({ ...lost, stdout: 'waiting\n' });
    expect(await waits).toMatchObject({
      status: 409,
      code: 'runtime_restarted',
      details: { epoch: 2 },
    });
    expect((await streams).at(-1)).toMatchObject({ type: 'step_ended', ...lost });
    expect(await getStep(client, id, 'waits')).toMatchObject(lost);
    expect(await client.run(id, language.remember)).toMatchObject({
      status: 'completed',
      epoch: 2,
      execution_count: 1,
    });
  });

  test('that names another epoch does nothing', async () => {
    for (const epoch of [2, 999]) {
      const response = client.call('POST', `/v1/sessions/${id}/restart`, { epoch });
      expect(await client.errorOf(response)).toMatchObject({
        status: 409,
        code: 'epoch_mismatch',
        details: { epoch: 1 },
      });
    }
    expect((await client.run(id, language.recall)).results).toMatchObject([{ 'text/plain': '42' }]);
  });

  test('refuses steps that name the epoch before it, and leaves their ids unused', async () => {
    expect(await client.run(id, language.recall, { epoch: 1 })).toMatchObject({
      status: 'completed',
    });
    await restart();
    const old = client.call('POST', `/v1/sessions/${id}/steps`, {
      code: language.remember,
      step_id: 'guarded',
      epoch: 1,
    });
    expect(await client.errorOf(old)).toMatchObject({
      status: 409,
      code: 'epoch_mismatch',
      details: { epoch: 2 },
    });
    expect(await client.run(id, language.remember, { step_id: 'guarded', epoch: 2 })).toMatchObject(
      { status: 'completed' },
    );
  });

  test('that arrives while the last one is still starting counts separately', async () => {
    for (const epoch of [2, 3, 4, 5, 6]) expect(await restart({ epoch: epoch - 1 })).toBe(epoch);
    expect(await client.run(id, language.remember)).toMatchObject({
      status: 'completed',
      epoch: 6,
      execution_count: 1,
    });
  });

  test('among many others loses no call and no step', async () => {
    const epochs = await Promise.all([restart(), restart(), restart()]);
    const { epoch } = await client.run(id, language.remember);
    expect(Math.max(...epochs)).toBe(epoch);
    const stepId = await submit(client, id, language.recall);
    expect(await resultOf(client, id, stepId)).toMatchObject({ status: 'completed', epoch });
  });
});
