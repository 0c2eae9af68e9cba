import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../support/api/client.ts';
import { type Local, startLocal } from '../../support/processes/local.ts';
import { runBundle } from '../../support/processes/run-bundle.ts';

let local: Local;
beforeAll(async () => {
  local = await startLocal();
});
afterAll(async () => {
  expect(await local.stop()).toBe(0);
});

test('the commands of the banner work as printed, and the second step sees the first', () => {
  const commands = local.banner.slice(
    local.banner.indexOf('export STEPPE_URL'),
    local.banner.indexOf('Ctrl-C'),
  );
  const printed = execFileSync('bash', ['-euo', 'pipefail', '-c', commands], { encoding: 'utf8' });
  const [first, second] = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(first).toMatchObject({ status: 'completed', execution_count: 1 });
  expect(second).toMatchObject({
    execution_count: 2,
    results: [{ 'text/plain': '42', is_main_result: true }],
  });
});

test('the banner says with which permissions code runs', () => {
  expect(local.banner).toMatch(/Code runs as \S+, who started this/);
});

test('instances are in TMPDIR', async () => {
  const temporary = mkdtempSync('/tmp/steppe-test-');
  const other = await startLocal({ TMPDIR: temporary });
  try {
    const [instances = ''] = readdirSync(temporary).filter((name) => name.startsWith('steppe-'));
    const client = await other.newClient();
    const { session_id: id } = await client.createSession();
    const { results } = await client.run(id, 'import os; os.getcwd()');
    expect(results[0]?.['text/plain']).toContain(`${temporary}/${instances}/ins_`);
  } finally {
    expect(await other.stop()).toBe(0);
    rmSync(temporary, { recursive: true });
  }
});

test('make token prints only another token on standard output', async () => {
  const { code, stdout, stderr } = await runBundle('token', {
    PORT: String(local.port),
    TENANT: 'acme',
    SCOPES: 'sessions:read',
    TTL: '60',
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^[\w.-]+\n$/);
  const { tenant, scope, exp = 0, iat = 0 } = decodeJwt(stdout.trim());
  expect({ tenant, scope, ttl: exp - iat }).toEqual({
    tenant: 'acme',
    scope: 'sessions:read',
    ttl: 60,
  });
  const client = connect(local.url, stdout.trim());
  expect((await client.call('GET', '/v1/sessions')).status).toBe(200);
  expect(await client.errorOf(client.call('POST', '/v1/sessions', {}))).toMatchObject({
    status: 403,
    code: 'insufficient_scope',
  });
});

test('make token fails with a message if nothing runs', async () => {
  const { code, stdout, stderr } = await runBundle('token', { PORT: '1' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('local mode does not run on port 1');
});

test.each(['steps:rnu', 'sessions:read,steps:run'])(
  'make token refuses the scopes %s, which are not valid',
  async (scopes) => {
    const { code, stdout, stderr } = await runBundle('token', {
      PORT: String(local.port),
      SCOPES: scopes,
    });
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain(
      'SCOPES: must be some of sessions:read sessions:write steps:run, a space between them',
    );
  },
);

test('a port in use is reported in one sentence', async () => {
  const { code, stdout, stderr } = await runBundle('local', {
    PORT: String(local.port),
    STEPPE_ENV: 'test',
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    `steppe: port ${local.port} is taken; stop the process that listens there, or choose another port: PORT=8081 make run\n`,
  );
});

test('missing and outdated interpreters are reported at the start, both at once', async () => {
  const env = {
    PORT: '0',
    STEPPE_ENV: 'test',
    STEPPE_PYTHON: 'no-such-python',
    STEPPE_NODE: 'true',
  };
  const { code, stdout, stderr } = await runBundle('local', env);
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
  expect(stderr).toMatch(
    /^ {2}STEPPE_PYTHON: no-such-python cannot be started .*; Python 3\.9 or newer is needed$/m,
  );
  expect(stderr).toMatch(/^ {2}STEPPE_NODE: true .*; Node 20\.20 or newer is needed$/m);
});

test('the operator’s variables for runtimes reach the interpreters', async () => {
  const other = await startLocal({
    STEPPE_PRELOAD: 'colorsys,no_such_module',
    STEPPE_FIGURE_FORMAT: 'svg',
  });
  try {
    const client = await other.newClient();
    const { session_id: id } = await client.createSession();
    const { results } = await client.run(
      id,
      'import os, sys\n("colorsys" in sys.modules, os.environ["STEPPE_FIGURE_FORMAT"])',
    );
    expect(results).toMatchObject([{ 'text/plain': "(True, 'svg')" }]);
  } finally {
    expect(await other.stop()).toBe(0);
  }
});

test('under bypass no call needs a token', async () => {
  const open = await startLocal({
    AUTH_MODE: 'bypass',
    AUTH_BYPASS_TENANT: 'me',
    LOG_LEVEL: 'fatal',
  });
  try {
    expect(open.banner).not.toContain('STEPPE_TOKEN');
    const response = await fetch(`${open.url}/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(await response.json()).toMatchObject({ tenant_id: 'me', state: 'ready' });
    const { code, stdout, stderr } = await runBundle('token', { PORT: String(open.port) });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      `local mode on port ${open.port} has AUTH_MODE=bypass, so no call needs a token`,
    );
  } finally {
    expect(await open.stop()).toBe(0);
  }
});

test.each([undefined, '', 'production', 'staging', 'Test'])(
  'local mode refuses to start with STEPPE_ENV=%s',
  async (env) => {
    const { code, stdout, stderr } = await runBundle('local', {
      PORT: '0',
      ...(env !== undefined && { STEPPE_ENV: env }),
    });
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(/STEPPE_ENV: local mode runs code as the person who started it/);
  },
);
