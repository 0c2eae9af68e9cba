import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { expect, test } from 'vitest';
import { python } from '../../support/api/languages.ts';
import { testEnvironment } from '../../support/config.ts';
import { startLocal } from '../../support/processes/local.ts';
import { readTestConfig } from '../harness/config.ts';
import { isOurs, localStack } from '../harness/program.ts';
import { tableVariables } from '../harness/table-services.ts';

const cwd = fileURLToPath(new URL('../../../', import.meta.url));
const { endpoint } = readTestConfig();

test.runIf(isOurs())(
  'a restart of LocalStack loses the table: local mode says so, and the next one creates it',
  async () => {
    const env = { ...tableVariables(), DYNAMODB_ENDPOINT: endpoint, SESSIONS_TABLE: 'looked-at' };
    const local = await startLocal({ ...env, LOG_LEVEL: 'fatal' });
    expect(local.banner).toContain(`The table is looked-at at ${endpoint}. It did not exist`);
    const client = await local.newClient();
    const { session_id: id } = await client.createSession();
    await client.run(id, python.remember);
    await localStack('reset');

    expect(await client.errorOf(client.call('POST', '/v1/sessions', {}))).toMatchObject({
      status: 503,
      code: 'route_store_unavailable',
    });
    expect(await client.run(id, python.recall)).toMatchObject({ status: 'completed' });
    await local.stop();
    expect(local.stderr()).toContain(`the table looked-at at ${endpoint} is gone`);

    const next = await startLocal(env);
    expect(next.banner).toContain('It did not exist and was created');
    expect(await (await next.newClient()).createSession()).toMatchObject({ state: 'ready' });
    expect(await next.stop()).toBe(0);
  },
);

test.runIf(isOurs())(
  'make run STORE=localstack leaves LocalStack running and says how to stop it',
  async () => {
    const make = spawn('make', ['--silent', 'run', 'STORE=localstack'], {
      cwd,
      env: testEnvironment({ ...readTestConfig().program, PORT: '0', STEPPE_POOL_SIZE: '0' }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const exited = once(make, 'exit');
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      make[name].setEncoding('utf8').on('data', (chunk) => {
        text[name] += chunk;
      });
    try {
      await eventually(() => expect(text.stdout).toMatch(/^Ctrl-C/m), 60_000);
    } finally {
      process.kill(-(make.pid ?? 0), 'SIGINT');
      await exited;
    }
    expect(text.stdout).toContain(`The table is steppe-sessions at ${endpoint}`);
    expect(text.stderr).toMatch(/continues to run.*\n.*tools\/localstack\/localstack stop$/m);
    expect((await fetch(`${endpoint}/_localstack/health`)).status).toBe(200);
  },
);
