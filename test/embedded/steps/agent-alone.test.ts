import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newStepId } from '@steppe/contracts/testing/new-ids';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { afterEach, expect, test } from 'vitest';
import { supervisorCommands } from '../../conformance/harness/languages.ts';
import { openSession, type Session } from '../../conformance/harness/session.ts';

let session: Session | undefined;
afterEach(() => session?.close());

const killSupervisor =
  'import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(1000)';

test('refuses a step above an operator’s limit, names the limit, and leaves the step id unused', async () => {
  const agentEnv = {
    STEPPE_MAX_TIMEOUT_MS: '60000',
    STEPPE_MAX_CODE_BYTES: '1000',
    STEPPE_MAX_BODY_BYTES: '4096',
  };
  session = await openSession('python', { agentEnv });
  const stepId = newStepId();
  const refusal = (request: object) =>
    session?.refusal('POST', '/steps', { step_id: stepId, code: '1', ...request });
  expect(await refusal({ code: '#'.repeat(1001) })).toMatchObject({
    status: 413,
    code: 'payload_too_large',
    details: { limit: 'code', max_bytes: 1000 },
  });
  expect(await refusal({ env: { A: 'a'.repeat(5000) } })).toMatchObject({
    status: 413,
    details: { limit: 'body', max_bytes: 4096 },
  });
  expect(await refusal({ timeout_ms: 60_001 })).toMatchObject({
    status: 400,
    code: 'invalid_request',
    details: { issues: [{ path: 'timeout_ms', message: expect.stringContaining('60000') }] },
  });
  expect(await session.run('#'.repeat(1000), { step_id: stepId })).toMatchObject({
    status: 'completed',
  });
});

test('refuses a step with fields that this agent does not know', async () => {
  session = await openSession('python');
  const stepId = newStepId();
  const newer = { step_id: stepId, code: 'open("ran", "w").close()', sandbox: 'strict' };
  expect(await session.refusal('POST', '/steps', newer)).toMatchObject({
    status: 400,
    code: 'invalid_request',
    details: { issues: [{ path: 'sandbox' }] },
  });
  expect([await session.list(), await session.files()]).toEqual([[], []]);
});

test('truncates output and results at the operator’s limits, and says so', async () => {
  session = await openSession('python', {
    agentEnv: { STEPPE_MAX_OUTPUT_BYTES: '4096', STEPPE_MAX_RESULT_BYTES: '1000' },
  });
  const result = await session.run(
    'print("x" * 100_000)\ndisplay("y" * 100)\ndisplay("y" * 2000)\n"z" * 3000',
  );
  expect(result).toMatchObject({
    status: 'completed',
    truncated: { stdout: true, stderr: false, results: true },
  });
  expect(Buffer.byteLength(result.stdout)).toBeLessThanOrEqual(4096);
  expect(result.results.map((bundle) => String(bundle['text/plain']).slice(0, 20))).toEqual([
    `'${'y'.repeat(19)}`,
    '[result of 2019 byte',
    `'${'z'.repeat(19)}`,
  ]);
});

test('restarts a killed supervisor each time, reports each loss, and leaves none of its processes running', async () => {
  session = await openSession('python');
  for (const epoch of [2, 3, 4, 5]) {
    const child =
      'import subprocess\nprint(subprocess.Popen(["setsid", "sleep", "1000"]).pid, flush=True)\n';
    const died = await session.run(child + killSupervisor);
    expect(died).toMatchObject({
      status: 'failed',
      state_lost: true,
      epoch,
      error: { name: 'WorkerCrashed' },
    });
    expect(await session.run('6 * 7')).toMatchObject({
      status: 'completed',
      epoch,
      execution_count: 1,
    });
    expect(existsSync(`/proc/${died.stdout.trim()}/exe`)).toBe(false);
  }
});

test('ends the session as crashed after three failed starts in a row, and reports the end of the log', async () => {
  const startsOnce =
    'if [ -e started ]; then echo "the disk is full of cats" >&2; exit 3; fi; touch started; exec "$0" "$@"';
  const command = supervisorCommands.python;
  session = await openSession('python', {
    supervisorCommand: ['/bin/sh', '-c', startsOnce, ...command],
  });
  const stderrTail = join(dirname(session.agent.workspace), 'termination');
  await session.submit(killSupervisor);
  const words = await eventually(() => JSON.parse(readFileSync(stderrTail, 'utf8')));
  expect(words).toMatchObject({
    end_reason: 'crashed',
    end_detail: expect.stringMatching(/exit code 3[\s\S]*full of cats/),
  });
});

test('prefers Last-Event-ID over the URL, ignores an empty one, and refuses one that is not a seq', async () => {
  session = await openSession('python');
  await session.run('print("a")\n1', { step_id: 'read' });
  const events = (last: string, query = '') =>
    session?.call('GET', `/steps/read/events${query}`, undefined, {
      'last-event-id': last,
      accept: 'application/x-ndjson',
    });
  const seqs = async (response: ReturnType<typeof events>) =>
    ((await (await response)?.text()) ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).seq);
  expect(await seqs(events('3', '?after=1'))).toEqual([4]);
  // An EventSource that has seen no id yet sends an empty Last-Event-ID.
  expect(await seqs(events('', '?after=2'))).toEqual([3, 4]);
  for (const bad of ['x', '-1', '1.5', '1e3']) expect((await events(bad))?.status, bad).toBe(400);
});

test('cancels a step and serves the control-plane while readers hold every connection', async () => {
  session = await openSession('python', { agentEnv: { STEPPE_MAX_CONNECTIONS: '24' } });
  const { call, cancel, epoch } = session;
  const stepId = await session.submit('import time\nprint("runs", flush=True)\ntime.sleep(1000)');
  await session.untilPrinted(stepId, 'runs');
  const readers: Response[] = [];
  do readers.push(await call('GET', `/steps/${stepId}/events`));
  while (readers.at(-1)?.ok);
  expect(readers.pop()?.status).toBe(429);
  expect((await call('GET', '/steps')).status).toBe(429);
  expect(await epoch()).toBe(1);
  expect((await cancel(stepId)).httpStatus).toBe(202);
  const texts = await Promise.all(readers.map((reader) => reader.text()));
  for (const text of texts) expect(text).toContain('event: step_ended');
});
