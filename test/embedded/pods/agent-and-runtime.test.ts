import type { Language } from '@steppe/contracts/session';
import { afterEach, describe, expect, test } from 'vitest';
import { languages, type PerLanguage } from '../../conformance/harness/languages.ts';
import { responseLines } from '../../support/api/response-lines.ts';
import { hasNamespaces, openPod, type Pod } from './pod.ts';

let pod: Pod;
afterEach(() => pod.close());

const isReady = () => expect.poll(() => pod.probe('/readyz')).toBe(200);
const isUnready = () => expect.poll(() => pod.probe('/readyz')).toBe(503);
const sleeping: PerLanguage<string> = {
  python: 'import time\nprint("runs", flush=True)\ntime.sleep(1000)',
  node: 'console.log("runs"); await new Promise((resolve) => setTimeout(resolve, 1e6))',
};
const setX: PerLanguage<string> = { python: 'x = 20', node: 'globalThis.x = 20; undefined' };

async function startPod(language: Language, env: Record<string, string> = {}) {
  pod = await openPod(language);
  const agent = pod.startAgent(env);
  const runtime = pod.startRuntime();
  await isReady();
  return { agent, runtime, session: await pod.bind() };
}

describe.runIf(hasNamespaces).each(languages)(
  'an agent and a %s runtime in two containers',
  (language) => {
    test('work whichever starts first', async () => {
      pod = await openPod(language);
      pod.startRuntime();
      pod.startAgent();
      await isReady();
      const session = await pod.bind();
      expect(await session.run('6 * 7')).toMatchObject({ status: 'completed', epoch: 1 });
    });

    test('are ready once the worker is, and the probes’ port serves nothing else', async () => {
      pod = await openPod(language);
      pod.startAgent();
      await isUnready();
      expect(await pod.probe('/livez')).toBe(200);
      pod.startRuntime();
      await isReady();
      for (const path of ['/metrics', '/internal/state', '/v1/sessions', '/'])
        expect(await pod.probe(path), path).toBe(404);
      const onMain = await fetch(`${pod.agentUrl}/livez`);
      expect(onMain.status).toBe(404);
    });

    test('keep a stream alive and a step waiting until the runtime is back', async () => {
      const { runtime, session } = await startPod(language);
      await session.run(setX[language]);
      await runtime.kill();
      await isUnready();
      expect(await pod.probe('/livez')).toBe(200);
      const next = await session.refusal('POST', '/steps', { step_id: 'next', code: 'x' });
      expect(next).toMatchObject({ status: 409, code: 'runtime_restarted', details: { epoch: 2 } });
      const response = await session.call(
        'POST',
        '/steps',
        { step_id: 'waits', code: '6 * 7' },
        { accept: 'application/x-ndjson' },
      );
      const lines = responseLines(response);
      expect((await lines.next()).value).toBe('{"type":"keepalive"}');
      pod.startRuntime();
      const rest: string[] = [];
      for await (const line of lines) rest.push(line);
      expect(rest.at(-1)).toContain('"status":"completed"');
      expect(await session.get('waits')).toMatchObject({ epoch: 2, state_lost: false });
      await isReady();
    });

    test('tell of the memory that a killed runtime took with it', async () => {
      const { runtime, session } = await startPod(language);
      const stepId = await session.submit(sleeping[language]);
      await session.untilPrinted(stepId, 'runs');
      await runtime.kill();
      expect(await session.ended(stepId)).toMatchObject({
        status: 'failed',
        state_lost: true,
        epoch: 2,
        error: { name: 'WorkerCrashed' },
      });
      pod.startRuntime();
      expect(await session.run('6 * 7')).toMatchObject({ status: 'completed', epoch: 2 });
    });
  },
);

/** Ends the process as the kubelet ends a container: a signal, and SIGKILL after the grace. */
async function endAsKubelet({ process: child }: ReturnType<Pod['startAgent']>) {
  const ended = new Promise<[number | null, string | null]>((resolve) =>
    child.once('exit', (code, signal) => resolve([code, signal])),
  );
  child.kill('SIGTERM');
  const grace = setTimeout(() => child.kill('SIGKILL'), podGraceMs);
  const exit = await ended;
  clearTimeout(grace);
  return exit;
}
const podGraceMs = 2_000;

describe.runIf(hasNamespaces)('the agent of a pod', () => {
  test('serves probes while a step fills it with output', async () => {
    const { session } = await startPod('python');
    const stepId = await session.submit('for _ in range(500):\n    print("x" * 100_000)');
    const statuses = new Set<number>();
    let rounds = 0;
    for (; (await session.get(stepId)).status !== 'completed'; rounds += 1)
      for (const path of ['/livez', '/readyz']) statuses.add(await pod.probe(path));
    expect([...statuses]).toEqual([200]);
    expect(rounds).toBeGreaterThan(0);
  });

  test('ends within the pod’s grace, idle or with a step and its reader, by the exit code of SIGTERM', async () => {
    const idle = await startPod('python');
    await idle.session.run('1');
    expect(await endAsKubelet(idle.agent)).toEqual([143, null]);
    await pod.close();
    const busy = await startPod('python');
    const events = busy.session.stream(sleeping.python);
    await events.next();
    const rest = (async () => {
      const types: string[] = [];
      for await (const { type } of events) types.push(type);
      return types;
    })();
    expect(await endAsKubelet(busy.agent)).toEqual([143, null]);
    expect((await rest).at(-1)).toBe('step_ended');
  });

  test('writes its reason before it ends', async () => {
    const { agent, session } = await startPod('python');
    const ended = new Promise((resolve) => agent.process.once('exit', resolve));
    const headers = {
      authorization: await session.agent.authorization('control-plane'),
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ reason: 'evicted' });
    await fetch(`${pod.agentUrl}/internal/end`, { method: 'POST', headers, body });
    await ended;
    expect(JSON.parse(pod.terminationMessage())).toMatchObject({ end_reason: 'evicted' });
  });

  test('refuses an upload beyond the workspace’s space before anything evicts the pod', async () => {
    const { session } = await startPod('python', { STEPPE_WORKSPACE_BYTES: String(4 * 1024 ** 2) });
    await session.run('open("data", "wb").write(b"x" * 3_000_000)');
    const put = await session.call('PUT', '/files/more', Buffer.alloc(2_000_000));
    expect(put.status).toBe(507);
    expect(await session.run('import os; os.remove("data"); os.listdir()')).toMatchObject({
      status: 'completed',
      results: [{ 'text/plain': '[]' }],
    });
    await session.put('more', Buffer.alloc(2_000_000));
  });

  test('reads the keys of an updated ConfigMap, and forgets the ones before', async () => {
    const { session } = await startPod('python');
    await session.run('1');
    const before = pod.firstToken;
    await pod.rotateKeys();
    await expect.poll(async () => (await session.call('GET', '/steps')).status).toBe(200);
    const headers = { authorization: `Bearer ${before}` };
    const path = `/v1/sessions/${session.agent.sessionId}/steps`;
    expect((await fetch(`${pod.agentUrl}${path}`, { headers })).status).toBe(401);
  });
});
