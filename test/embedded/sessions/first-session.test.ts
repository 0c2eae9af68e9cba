import { type StepEvent, stepEventSchema, stepResultSchema } from '@steppe/contracts/step';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

const languages = [
  {
    runtime: 'python',
    remember: 'x = 20',
    recall: 'x + 22',
    awaits: 'import asyncio\nawait asyncio.sleep(0.01)\n"awaited"',
    awaited: "'awaited'",
    prints: 'import sys\nprint("out")\nprint("err", file=sys.stderr)\n6 * 7',
    slow: 'import time\nfor i in range(3):\n    print(i)\n    time.sleep(0.1)',
    printsThenWaits:
      'import os, time\nprint("waiting")\nwhile not os.path.exists("go"):\n    time.sleep(0.01)',
    raises: '1\n1 / 0',
    error: { name: 'ZeroDivisionError', message: 'division by zero' },
  },
  {
    runtime: 'node',
    remember: 'const x = 20',
    recall: 'x + 22',
    awaits: 'await new Promise((done) => setTimeout(done, 10));\n"awaited"',
    awaited: "'awaited'",
    prints: 'console.log("out")\nconsole.error("err")\n6 * 7',
    printsThenWaits:
      'import { existsSync } from "node:fs";\nconsole.log("waiting");\nwhile (!existsSync("go")) await new Promise((done) => setTimeout(done, 10));',
    slow: 'for (let i = 0; i < 3; i += 1) {\n  console.log(i);\n  await new Promise((done) => setTimeout(done, 100));\n}',
    raises: '1\nnull.x',
    error: { name: 'TypeError', message: "Cannot read properties of null (reading 'x')" },
  },
];

describe.each(languages)('a session of $runtime', (language) => {
  let client: Client;
  let id: string;
  beforeAll(async () => {
    client = await target().newClient();
    id = (await client.createSession({ runtime: language.runtime })).session_id;
  });

  const stream = async (code: string, accept: string): Promise<StepEvent[]> => {
    const response = await client.call('POST', `/v1/sessions/${id}/steps`, { code }, { accept });
    expect(response.headers.get('content-type')).toBe(accept);
    const text = await response.text();
    const lines = accept.endsWith('ndjson')
      ? text.trimEnd().split('\n')
      : [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '');
    return lines.map((line) => stepEventSchema.parse(JSON.parse(line)));
  };

  test('remembers variables', async () => {
    expect(await client.run(id, language.remember)).toMatchObject({
      status: 'completed',
      execution_count: 1,
      results: [],
      epoch: 1,
    });
    const second = await client.run(id, language.recall);
    expect(second).toMatchObject({
      status: 'completed',
      execution_count: 2,
      error: null,
      state_lost: false,
    });
    expect(second.results).toEqual([{ 'text/plain': '42', is_main_result: true }]);
  });

  test('awaits at the top level', async () => {
    expect((await client.run(id, language.awaits)).results).toMatchObject([
      { 'text/plain': language.awaited },
    ]);
  });

  test('keeps standard output and standard error apart', async () => {
    expect(await client.run(id, language.prints)).toMatchObject({
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('returns 200 for code that raises and a clean traceback', async () => {
    const { status, error } = await client.run(id, language.raises);
    expect(status).toBe('failed');
    expect(error).toMatchObject(language.error);
    const traceback = error?.traceback.join('\n') ?? '';
    expect(traceback).toMatch(/<step \d+>.*2/);
    expect(traceback).not.toMatch(/runtimes|steppe_runtime|\.cjs|node:/);
  });

  test.each(['text/event-stream', 'application/x-ndjson'])(
    'streams output as %s while it is written, without gaps',
    async (accept) => {
      const events = await stream(language.slow, accept);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
      expect(events.map(({ type }) => type)).toEqual([
        'step_started',
        'stdout',
        'stdout',
        'stdout',
        'step_ended',
      ]);
      expect(events.flatMap((event) => (event.type === 'stdout' ? [event.text] : []))).toEqual([
        '0\n',
        '1\n',
        '2\n',
      ]);
      expect(events.at(-1)).toMatchObject({ type: 'step_ended', status: 'completed' });
    },
  );

  test('shows what a step has written while it still runs', async () => {
    const response = await client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      { code: language.printsThenWaits },
      { accept: 'text/event-stream' },
    );
    let text = '';
    for await (const chunk of response.body ?? []) {
      // The step ends only after the client has seen its output.
      const seen = text.includes('waiting');
      text += Buffer.from(chunk).toString();
      if (!seen && text.includes('waiting'))
        expect((await client.call('PUT', `/v1/sessions/${id}/files/go`, '')).status).toBe(201);
    }
    expect(text).toContain('"status":"completed"');
  });

  test('streams values and errors as events', async () => {
    const events = await stream(language.recall, 'text/event-stream');
    expect(events[1]).toMatchObject({ type: 'result', 'text/plain': '42', is_main_result: true });
    const failed = await stream(language.raises, 'application/x-ndjson');
    expect(failed.map(({ type }) => type)).toEqual(['step_started', 'error', 'step_ended']);
    expect(failed.at(-1)).toMatchObject({ status: 'failed', error: language.error });
  });

  test('responds at once without wait, and replays the events later', async () => {
    const response = await client.call('POST', `/v1/sessions/${id}/steps`, {
      code: language.slow,
      wait: false,
    });
    expect(response.status).toBe(202);
    const { step_id: stepId } = stepResultSchema.parse(await response.json());
    expect(response.headers.get('steppe-step-id')).toBe(stepId);
    const follow = await client.call(
      'GET',
      `/v1/sessions/${id}/steps/${stepId}/events?after=1`,
      undefined,
      {
        accept: 'application/x-ndjson',
      },
    );
    const events = (await follow.text())
      .trimEnd()
      .split('\n')
      .map((line) => stepEventSchema.parse(JSON.parse(line)));
    expect(events.map(({ seq }) => seq)).toEqual([2, 3, 4, 5]);
    const result = await (await client.call('GET', `/v1/sessions/${id}/steps/${stepId}`)).json();
    expect(result).toMatchObject({ step_id: stepId, status: 'completed', stdout: '0\n1\n2\n' });
  });
});
