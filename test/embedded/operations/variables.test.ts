import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { node, python } from '../../support/api/languages.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const languages = [
  {
    ...python,
    set: 'import os\nos.environ["OWN"] = "set"',
    unset: 'import os\ndel os.environ["STEP"]\nos.environ.pop("LASTS")',
    ofChild:
      'import subprocess\nsubprocess.run(["sh", "-c", "echo $LASTS $STEP"], capture_output=True, text=True).stdout.strip()',
    fails: 'raise ValueError()',
    names: 'import os\nsorted(os.environ)',
  },
  {
    ...node,
    set: 'process.env.OWN = "set"',
    unset: 'delete process.env.STEP;\ndelete process.env.LASTS',
    ofChild: 'require("child_process").execSync("echo $LASTS $STEP").toString().trim()',
    fails: 'throw new Error()',
    names: 'Object.keys(process.env).sort()',
  },
];

describe.each(languages)('variables of $runtime', (language) => {
  let client: Client;
  let id: string;
  beforeEach(async () => {
    client = await local().newClient();
    const env = { LASTS: 'the session’s', QUOTED: `a'b"c\nd`, EMPTY: '' };
    id = (await client.createSession({ runtime: language.runtime, env })).session_id;
  });
  const read = async (name: string, request: object = {}) => {
    const { results } = await client.run(id, language.readEnv(name), request);
    return results[0]?.['text/plain'];
  };

  test('of the session exist in every step, in child processes and after a restart', async () => {
    expect(await read('LASTS')).toBe("'the session’s'");
    expect(await read('EMPTY')).toBe("''");
    expect((await client.run(id, language.ofChild)).results).toMatchObject([
      { 'text/plain': "'the session’s'" },
    ]);
    expect((await client.call('POST', `/v1/sessions/${id}/restart`)).status).toBe(200);
    expect(await read('LASTS')).toBe("'the session’s'");
  });

  test('of a step exist during it and not after it', async () => {
    expect(await read('STEP', { env: { STEP: 'the step’s' } })).toBe("'the step’s'");
    expect(await read('STEP')).toBeUndefined();
    expect(
      (await client.run(id, language.ofChild, { env: { STEP: 'too' } })).results,
    ).toMatchObject([{ 'text/plain': "'the session’s too'" }]);
  });

  test('of a step hide those of the session until it ends', async () => {
    expect(await read('LASTS', { env: { LASTS: 'covered' } })).toBe("'covered'");
    expect(await read('LASTS')).toBe("'the session’s'");
  });

  test('of a failed step do not exist after it', async () => {
    await client.run(id, language.fails, { env: { STEP: 'x', LASTS: 'covered' } });
    expect(await read('STEP')).toBeUndefined();
    expect(await read('LASTS')).toBe("'the session’s'");
  });

  test('that code sets itself stay', async () => {
    await client.run(id, language.set, { env: { STEP: 'x' } });
    expect(await read('OWN')).toBe("'set'");
  });

  test('of a step can be removed by its code without harm', async () => {
    expect(
      await client.run(id, language.unset, { env: { STEP: 'x', LASTS: 'covered' } }),
    ).toMatchObject({ status: 'completed' });
    expect(await read('STEP')).toBeUndefined();
    expect(await client.run(id, '')).toMatchObject({ status: 'completed' });
  });

  test('include only those of ours that are meant for user code', async () => {
    const names = (await client.run(id, language.names)).results[0]?.['text/plain'];
    expect(names).not.toMatch(
      /KEY|TOKEN|SECRET|AWS|STEPPE_RUN_DIR|STEPPE_SUPERVISOR|STEPPE_KEYS|STEPPE_TERMINATION/,
    );
  });
});
