import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { stepThatWrote, submit } from '../../support/api/steps.ts';
import { testEnvironment } from '../../support/config.ts';
import { localBundle, startLocal } from '../../support/processes/local.ts';
import { instancesOf, leftOf, tracesOf } from '../../support/processes/traces.ts';

/** Creates a session of each language, one with a child process and the other with a file. */
async function startSessions(client: Client) {
  const python = await client.createSession({ runtime: 'python' });
  const node = await client.createSession({ runtime: 'node' });
  await client.run(
    python.session_id,
    'import subprocess; child = subprocess.Popen(["sleep", "1000"], start_new_session=True)',
  );
  await client.run(node.session_id, 'require("node:fs").writeFileSync("kept", "x")');
  return [python, node].map(({ instance_id }) => {
    if (!instance_id) throw new Error('a session without an instance');
    const before = tracesOf(instance_id);
    expect(before.pids.length).toBeGreaterThanOrEqual(3);
    expect(before.directory && existsSync(before.directory)).toBe(true);
    return { left: () => leftOf(before, instance_id) };
  });
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s to the whole group ends every process, removes every directory, and exits with 0',
  async (signal) => {
    const local = await startLocal();
    const sessions = await startSessions(await local.newClient());
    process.kill(-(local.process.pid ?? 0), signal);
    expect(await local.stop()).toBe(0);
    for (const session of sessions) expect(session.left()).toEqual([]);
  },
);

/**
 * Runs the command in a terminal under a first process that waits for it, as make does, and hangs
 * up after the banner.
 */
const hangUp = `
import os, pty, signal, subprocess, sys
pid, terminal = pty.fork()
if pid == 0:
    signal.signal(signal.SIGHUP, lambda *_: None)
    os._exit(subprocess.call(sys.argv[1:]))
seen = b''
while b'Ctrl-C' not in seen:
    seen += os.read(terminal, 4096)
os.close(terminal)
sys.exit(os.waitpid(pid, 0)[1] >> 8)`;

test('a terminal that hangs up ends it, even if only the process that waits for it gets the signal', async () => {
  const env = testEnvironment({ PORT: '0', STEPPE_ENV: 'test', STEPPE_POOL_SIZE: '0' });
  const child = spawn('python3', ['-c', hangUp, process.execPath, localBundle], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('after kill -9 the agents exit and clean up by themselves, even during a step and in warm instances', {
  timeout: 120_000,
}, async () => {
  const local = await startLocal({ STEPPE_POOL_SIZE: '1' });
  const client = await local.newClient();
  const sessions = await startSessions(client);
  const { session_id: id } = await client.createSession();
  await submit(client, id, 'print("busy", flush=True)\nwhile True: pass', { step_id: 'busy' });
  await stepThatWrote(client, id, 'busy', 'busy');
  // Three sessions, and a warm instance for a fourth.
  await expect.poll(() => instancesOf(local.process.pid ?? 0).length).toBeGreaterThan(3);
  const all = instancesOf(local.process.pid ?? 0).map((instanceId) => ({
    instanceId,
    before: tracesOf(instanceId),
  }));
  await local.stop('SIGKILL');
  const left = () => all.flatMap(({ instanceId, before }) => leftOf(before, instanceId));
  await expect
    .poll(() => [...left(), ...sessions.flatMap((session) => session.left())])
    .toEqual([]);
});

/** Starts a step, calls `then` when the step runs, and returns its whole stream. */
async function whileRunning(client: Client, code: string, then: () => void): Promise<string> {
  const { session_id: id } = await client.createSession();
  const response = await client.call(
    'POST',
    `/v1/sessions/${id}/steps`,
    { code },
    { accept: 'text/event-stream' },
  );
  let text = '';
  for await (const chunk of response.body ?? []) {
    if (text === '') then();
    text += Buffer.from(chunk).toString();
  }
  return text;
}

test('a step that ends in time gets its response before everything closes', async () => {
  const local = await startLocal({ STEPPE_SHUTDOWN_SECONDS: '20' });
  const text = await whileRunning(
    await local.newClient(),
    'import time; time.sleep(1); "in time"',
    () => void local.stop(),
  );
  expect(text).toContain('"status":"completed"');
  expect(text).toContain('in time');
  expect(await local.stop()).toBe(0);
});

test('a step that does not end in time is cut off, and everything closes', async () => {
  const local = await startLocal({ STEPPE_SHUTDOWN_SECONDS: '1' });
  const stream = whileRunning(await local.newClient(), 'while True: pass', () => void local.stop());
  await expect(stream).rejects.toThrow(/terminated/);
  expect(await local.stop()).toBe(0);
});

test('it accepts no new connection while it closes', async () => {
  const local = await startLocal({ STEPPE_SHUTDOWN_SECONDS: '20' });
  const client = await local.newClient();
  await whileRunning(client, 'import time; time.sleep(1)', () => {
    void local.stop();
  });
  await expect(client.call('GET', '/v1/sessions')).rejects.toThrow();
  expect(await local.stop()).toBe(0);
});
