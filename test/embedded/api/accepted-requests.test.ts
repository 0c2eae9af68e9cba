import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { type Language, node, python } from '../../support/api/languages.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const megabyte = 1024 * 1024;

const languages: (Language & {
  comment: string;
  cwd: string;
  missing: string;
  json(expression: string): string;
})[] = [
  {
    ...python,
    comment: '#',
    cwd: 'import os\nos.getcwd()',
    missing: 'FileNotFoundError',
    json: (text) => `import json\njson.dumps(${text})`,
  },
  {
    ...node,
    comment: '//',
    cwd: 'process.cwd()',
    missing: 'ENOENT',
    json: (text) => `JSON.stringify(${text})`,
  },
];

describe.each(languages)('a step of $runtime is accepted', (language) => {
  let client: Client;
  let id: string;
  beforeAll(async () => {
    client = await local().newClient();
    id = (await client.createSession({ runtime: language.runtime })).session_id;
  });
  /** The value of the code's last expression, as text. */
  const value = async (code: string, request: object = {}): Promise<string> => {
    const { status, error, results } = await client.run(id, code, request);
    expect({ status, error }).toEqual({ status: 'completed', error: null });
    return String(results[0]?.['text/plain']).replace(/^'(.*)'$/s, '$1');
  };

  test('with no code', async () => {
    expect(await client.run(id, '')).toMatchObject({
      status: 'completed',
      stdout: '',
      stderr: '',
      results: [],
      error: null,
    });
  });

  test('with code of exactly 1 MiB', async () => {
    const beginning = `6 * 7 ${language.comment}`;
    expect(await value(`${beginning}${'x'.repeat(megabyte - beginning.length)}`)).toBe('42');
  });

  test('with code of 1 MiB that JSON escapes', async () => {
    const response = await client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      `{"code":"6 * 7 ${language.comment}${'\\u0078'.repeat(megabyte - 16)}"}`,
      { 'content-type': 'application/json' },
    );
    expect(await response.json()).toMatchObject({
      status: 'completed',
      results: [{ 'text/plain': '42' }],
    });
  });

  test('with a byte order mark before its JSON', async () => {
    const response = await client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      '\ufeff{"code":"6 * 7"}',
      {
        'content-type': 'application/json',
      },
    );
    expect(await response.json()).toMatchObject({
      status: 'completed',
      results: [{ 'text/plain': '42' }],
    });
  });

  test('with a duplicate field, whose last value counts', async () => {
    const response = await client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      '{"code":"1","code":"6 * 7"}',
      {
        'content-type': 'application/json',
      },
    );
    expect(await response.json()).toMatchObject({ results: [{ 'text/plain': '42' }] });
  });

  test.each(['\n', '\r\n', '   ', '\t\n\n', '# only\n'.replace('#', language.comment)])(
    'with nothing but %j',
    async (code) => {
      expect(await client.run(id, code)).toMatchObject({
        status: 'completed',
        results: [],
        error: null,
      });
    },
  );

  test('with variables that contain any character but NUL', async () => {
    const values = [
      '',
      ' ',
      `'"`,
      '$(id) `id` $HOME',
      'a\nb\r\nc\t',
      '\\n',
      'Grüße, 世界 🌍',
      "'; print('spliced'); '",
      '"""',
      '\u2028',
      '\x01',
    ];
    const env = Object.fromEntries(values.map((text, at) => [`STEP_${at}`, text]));
    const read = values.map((_, at) =>
      language.runtime === 'python' ? `os.environ["STEP_${at}"]` : `process.env.STEP_${at}`,
    );
    const code = `${language.runtime === 'python' ? 'import os\n' : ''}${language.print('READ:').replace(/"READ:"/, dump(read))}`;
    const { stdout, error } = await client.run(id, code, { env });
    expect(error).toBeNull();
    expect(JSON.parse(stdout)).toEqual(values);
  });

  /** Code for an expression that yields the values as JSON, in ASCII. */
  function dump(expressions: string[]): string {
    const list = `[${expressions.join(', ')}]`;
    return language.runtime === 'python'
      ? `__import__("json").dumps(${list})`
      : `JSON.stringify(${list})`;
  }

  test('with variables of exactly 256 KiB', async () => {
    const env = {
      A: 'x'.repeat(120_000),
      B: 'x'.repeat(120_000),
      C: 'x'.repeat(256 * 1024 - 240_003),
    };
    expect(await client.run(id, '', { env })).toMatchObject({ status: 'completed' });
  });

  test('with unusual variable names', async () => {
    const env = { _: '1', a: '2', A1_b: '3', constructor: '4', toString: '5' };
    expect(await value(language.readEnv('A1_b'), { env })).toBe('3');
    expect(await value(language.readEnv('constructor'), { env })).toBe('4');
  });

  test('in a relative or an absolute directory, and fails in a missing one', async () => {
    await client.call('PUT', `/v1/sessions/${id}/files/sub/dir/file`, '');
    const workspace = await value(language.cwd);
    expect(await value(language.cwd, { cwd: 'sub/dir' })).toBe(`${workspace}/sub/dir`);
    expect(await value(language.cwd, { cwd: './sub/../sub' })).toBe(`${workspace}/sub`);
    expect(await value(language.cwd, { cwd: '/' })).toBe('/');
    expect(await value(language.cwd)).toBe(workspace);
    for (const cwd of ['missing', 'sub/dir/file', '/missing']) {
      const { status, error } = await client.run(id, language.print('ran'), { cwd });
      expect(status).toBe('failed');
      expect(`${error?.name} ${error?.message}`).toMatch(
        /FileNotFoundError|NotADirectoryError|ENOENT|ENOTDIR/,
      );
    }
    const { error } = await client.run(id, '', { cwd: 'missing' });
    expect(`${error?.name} ${error?.message}`).toContain(language.missing);
  });

  test('with any time limit up to an hour and any step id of the allowed characters', async () => {
    expect(await client.run(id, '', { timeout_ms: 3_600_000 })).toMatchObject({
      status: 'completed',
    });
    const stepId = `-_${'aZ9'.repeat(42)}`;
    expect(await client.run(id, '', { step_id: stepId })).toMatchObject({
      step_id: stepId,
      status: 'completed',
    });
  });
});
