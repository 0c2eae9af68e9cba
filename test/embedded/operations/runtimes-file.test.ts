import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimeListSchema } from '@steppe/contracts/session';
import { afterAll, expect, test } from 'vitest';
import { startLocal } from '../../support/processes/local.ts';
import { runBundle } from '../../support/processes/run-bundle.ts';

const directory = mkdtempSync(join(tmpdir(), 'steppe-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
function fileWith(text: string): string {
  files += 1;
  const path = join(directory, `${files}.json`);
  writeFileSync(path, text);
  return path;
}

test('clients can request exactly the runtimes in the operator’s list', async () => {
  const list = {
    node: null,
    colours: {
      language: 'python',
      preload: ['colorsys'],
      default_resources: { memory: '256Mi' },
      max_resources: { memory: '300Mi', cpu: '2' },
    },
    lacking: { language: 'python', preload: ['json', 'no_such_module'] },
  };
  const local = await startLocal({
    STEPPE_RUNTIMES: fileWith(JSON.stringify(list)),
    LOG_LEVEL: 'fatal',
  });
  try {
    const client = await local.newClient();
    const { runtimes } = runtimeListSchema.parse(
      await (await client.call('GET', '/v1/runtimes')).json(),
    );
    expect(runtimes.map(({ name }) => name)).toEqual([
      'python',
      'python-data',
      'colours',
      'lacking',
    ]);
    expect(runtimes[2]).toEqual({
      name: 'colours',
      language: 'python',
      default_resources: { cpu: '1', memory: '256Mi', ephemeral_storage: '1Gi' },
      max_resources: { cpu: '2', memory: '300Mi', ephemeral_storage: '20Gi' },
    });

    const session = await client.createSession({ runtime: 'colours' });
    expect(session.resources.memory).toBe('256Mi');
    const { results } = await client.run(
      session.session_id,
      'import sys; "colorsys" in sys.modules',
    );
    expect(results).toMatchObject([{ 'text/plain': 'True' }]);

    const tooMuch = client.call('POST', '/v1/sessions', {
      runtime: 'colours',
      resources: { memory: '0.5Gi' },
    });
    expect(await client.errorOf(tooMuch)).toMatchObject({
      code: 'invalid_request',
      details: {
        issues: [{ path: 'resources.memory', message: expect.stringContaining('300Mi') }],
      },
    });
    const gone = client.call('POST', '/v1/sessions', { runtime: 'js' });
    expect(await client.errorOf(gone)).toMatchObject({ status: 400, code: 'invalid_request' });
    const lacking = await client.errorOf(
      client.call('POST', '/v1/sessions', { runtime: 'lacking' }),
    );
    expect(lacking).toMatchObject({ status: 503, code: 'provisioning_failed', retryable: false });
    expect(lacking.details).toMatchObject({
      end_detail: expect.stringMatching(/lacking needs no_such_module, which python3 lacks/),
    });
  } finally {
    expect(await local.stop()).toBe(0);
  }
});

test('python-data imports the packages that its interpreter has before the first step', async () => {
  const interpreter = fileURLToPath(new URL('../../../.venv-data/bin/python', import.meta.url));
  const list = { 'python-data': { interpreter } };
  const local = await startLocal({ STEPPE_RUNTIMES: fileWith(JSON.stringify(list)) });
  try {
    const client = await local.newClient();
    const session = await client.createSession({ runtime: 'python-data' });
    expect([session.runtime, session.resources.memory]).toEqual(['python-data', '1Gi']);
    const code =
      'import sys; [name in sys.modules for name in ("numpy", "pandas", "matplotlib.pyplot")]';
    expect((await client.run(session.session_id, code)).results).toMatchObject([
      { 'text/plain': '[True, True, True]' },
    ]);
  } finally {
    expect(await local.stop()).toBe(0);
  }
});

test.each([
  ['is not valid JSON', '{', /STEPPE_RUNTIMES: is not valid JSON/],
  ['names no language', '{"x": {}}', /STEPPE_RUNTIMES: x\.language: must be python or node/],
  [
    'names a missing interpreter',
    '{"node": {"interpreter": "no-such-node"}}',
    /node\.interpreter: no-such-node cannot be/,
  ],
])('a list that %s is refused at the start', async (_, text, complaint) => {
  const { code, stdout, stderr } = await runBundle('local', {
    PORT: '0',
    STEPPE_ENV: 'test',
    STEPPE_RUNTIMES: fileWith(text),
  });
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
  expect(stderr).toMatch(complaint);
});

test('a missing list is refused at the start', async () => {
  const env = { PORT: '0', STEPPE_ENV: 'test', STEPPE_RUNTIMES: join(directory, 'none.json') };
  const { code, stderr } = await runBundle('local', env);
  expect([code, stderr]).toEqual([78, expect.stringMatching(/STEPPE_RUNTIMES: ENOENT/)]);
});
