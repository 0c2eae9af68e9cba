import { limits } from '@steppe/contracts/limits';
import { expect } from 'vitest';
import { behaviours, flow } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';

const own = {};
const count = {
  python: 'n = globals().get("n", 0) + 1\nn',
  node: 'globalThis.n = (globalThis.n ?? 0) + 1',
};
const waits = {
  python:
    'import os, time\nprint("waits", flush=True)\nwhile not os.path.exists("go"): time.sleep(0.005)',
  node: 'console.log("waits")\nwhile (!fs.existsSync("go")) await new Promise((done) => setTimeout(done, 5))',
};

behaviours('Queue and idempotency', [
  flow(
    'steps run one at a time, in the order of arrival',
    {
      python: ['order = []', 'order.append(NUMBER)', 'order'],
      node: ['const order = []', 'order.push(NUMBER); undefined', 'order'],
    },
    async (session, [first = '', each = '', last = '']) => {
      await session.run(first);
      for (const n of [1, 2, 3, 4]) await session.submit(each.replace('NUMBER', String(n)));
      expectResult(await session.run(last), { value: /^\[ ?1, 2, 3, 4 ?\]$/ }, session.language);
    },
  ),
  flow(
    'a step sent again does not run again',
    count,
    async (session, code) => {
      const first = await session.run(code, { step_id: 'same' });
      expect(await session.run(code, { step_id: 'same' })).toEqual(first);
      expectResult(await session.run(code), { value: '2' }, session.language);
    },
    own,
  ),
  flow(
    'a step sent again while it runs joins the running one',
    waits,
    async (session, code) => {
      const first = session.run(code, { step_id: 'joined' });
      await session.untilStatus('joined', 'running');
      const second = session.run(code, { step_id: 'joined' });
      await session.put('go', '');
      expect(await second).toEqual(await first);
    },
    own,
  ),
  flow('another step under the same id is refused', count, async (session, code) => {
    await session.run(code, { step_id: 'taken' });
    const refused = await session.refusal('POST', '/steps', {
      step_id: 'taken',
      code: `${code}\n`,
    });
    expect(refused).toMatchObject({ status: 409, code: 'step_conflict' });
  }),
  flow(
    'the result of a step without wait is fetched later',
    { python: '40 + 2', node: '40 + 2' },
    async (session, code) => {
      const response = await session.call('POST', '/steps', {
        step_id: 'later',
        code,
        wait: false,
      });
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({
        status: expect.stringMatching(/^(queued|running)$/),
      });
      expectResult(await session.ended('later'), { value: '42' }, session.language);
    },
  ),
  flow(
    'more than sixteen waiting steps are refused',
    waits,
    async (session, code) => {
      await session.submit(code);
      for (let n = 0; n < limits.queuedSteps; n += 1)
        await session.submit('1', { step_id: `waits-${n}` });
      const refused = await session.refusal('POST', '/steps', { step_id: 'too-many', code: '1' });
      expect(refused).toMatchObject({ status: 429, code: 'step_queue_full' });
      await session.put('go', '');
      expect((await session.ended('waits-15')).status).toBe('completed');
      expect((await session.run('1', { step_id: 'too-many' })).status).toBe('completed');
    },
    own,
  ),
  flow('an unknown step is not found', { python: '1', node: '1' }, async (session) => {
    expect(await session.refusal('GET', '/steps/never')).toMatchObject({
      status: 404,
      code: 'step_not_found',
    });
  }),
  flow(
    'steps are listed, newest first',
    { python: '1', node: '1' },
    async (session, code) => {
      for (const id of ['one', 'two', 'three']) await session.run(code, { step_id: id });
      expect((await session.list()).map((step) => step.step_id)).toEqual(['three', 'two', 'one']);
    },
    own,
  ),
  flow(
    'events are replayed from any position',
    { python: 'print(1)\n2', node: 'console.log(1)\n2' },
    async (session, code) => {
      const { step_id: id } = await session.run(code);
      const all = await session.events(id);
      expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
      expect(await session.events(id, 2)).toEqual(all.slice(2));
    },
  ),
  flow(
    'events are also sent as server-sent events',
    { python: 'print(1)', node: 'console.log(1)' },
    async (session, code) => {
      const response = await session.call(
        'POST',
        '/steps',
        { step_id: 'sse', code },
        { accept: 'text/event-stream' },
      );
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      expect(await response.text()).toMatch(
        /^event: step_started\nid: 1\ndata: \{.*\}\n\nevent: stdout\nid: 2\n[\s\S]*event: step_ended\n/,
      );
    },
  ),
  flow(
    'steps are counted, including failed ones',
    { python: ['1', 'raise ValueError()', ')', '1'], node: ['1', 'throw new Error()', ')', '1'] },
    async (session, codes) => {
      const counts: unknown[] = [];
      for (const code of codes) counts.push((await session.run(code)).execution_count);
      expect(counts).toEqual([1, 2, 3, 4]);
    },
    own,
  ),
  flow(
    'a result reports the resources that the step used',
    {
      python: 'sum(range(1_000_000))',
      node: 'let sum = 0; for (let n = 0; n < 1_000_000; n++) sum += n',
    },
    async (session, code) => {
      const { usage, started_at: started, completed_at: completed } = await session.run(code);
      expect(usage?.duration_ms).toBeGreaterThan(0);
      expect(usage?.cpu_ms).toBeGreaterThan(0);
      expect(usage?.max_rss_bytes).toBeGreaterThan(1_000_000);
      expect(Date.parse(completed ?? '')).toBeGreaterThanOrEqual(Date.parse(started ?? ''));
    },
  ),
  flow('a session responds only to its own token', { python: '1', node: '1' }, async (session) => {
    const response = await session.call('GET', '/steps', undefined, {
      authorization: 'Bearer nonsense',
    });
    expect(response.status).toBe(401);
  }),
]);
