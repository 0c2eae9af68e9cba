import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { connect } from '../../support/api/client.ts';
import { testEnvironment } from '../../support/config.ts';
import { isRunning } from '../../support/processes/instance-leaks.ts';
import { leftOf, tracesOf } from '../../support/processes/traces.ts';

const cwd = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Runs the target as a terminal does: in its own process group, which receives Ctrl-C as a whole.
 */
function startMake(target: string, env: Record<string, string>) {
  const make = spawn('make', [target], {
    cwd,
    env: testEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    make[name].setEncoding('utf8').on('data', (chunk) => {
      text[name] += chunk;
    });
  }
  return { group: -(make.pid ?? 0), text, exited: once(make, 'exit') };
}

test('make run prints only its banner, make token only a token, and Ctrl-C ends everything', async () => {
  const run = startMake('run', { PORT: '0' });
  try {
    await eventually(() => expect(run.text.stdout).toMatch(/^Ctrl-C/m));
    expect(run.text.stdout).toMatch(/^\s*Steppe listens on http/);
    const url = /^export STEPPE_URL=(\S+)$/m.exec(run.text.stdout)?.[1] ?? '';
    const env = testEnvironment({ PORT: new URL(url).port, TENANT: 'acme' });
    const token = execFileSync('make', ['token'], {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(decodeJwt(token.trim())).toMatchObject({ tenant: 'acme' });

    const client = connect(url, token.trim());
    const { session_id: id, instance_id: instanceId } = await client.createSession();
    const before = tracesOf(instanceId ?? '');
    expect(before.pids.length).toBeGreaterThan(1);
    const step = client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      { code: 'while True: pass' },
      { accept: 'text/event-stream' },
    );
    expect((await step).status).toBe(200);
    process.kill(run.group, 'SIGINT');
    await run.exited;
    await eventually(() => expect(isRunning(run.group)).toBe(false));
    expect(leftOf(before, instanceId ?? '')).toEqual([]);
  } finally {
    if (isRunning(run.group)) process.kill(run.group, 'SIGTERM');
  }
});

test('make run treats an empty STEPPE_ENV as production, and refuses in one sentence', async () => {
  const make = (env: Record<string, string>) =>
    new Promise<string>((resolve) =>
      execFile('make', ['run'], { cwd, env: testEnvironment(env) }, (_, __, stderr) =>
        resolve(stderr),
      ),
    );
  for (const env of [{}, { AUTH_MODE: 'bypass' }]) {
    const stderr = await make({ ...env, PORT: '0', STEPPE_ENV: '' });
    expect(stderr).toContain('STEPPE_ENV: local mode runs code as the person who started it');
    expect(stderr).toMatch(/Error 78/);
  }
});
