import type { StepEvent } from '@steppe/contracts/step';
import { afterEach, expect, test } from 'vitest';
import { readEvents, type StreamForm } from '../../chaos/drive/read-events.ts';
import { readText } from '../../support/api/files.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { python } from '../../support/api/languages.ts';
import { letGo, stepThatWrote, stepWith } from '../../support/api/steps.ts';
import { useCluster } from './rig/use-cluster.ts';

const cluster = useCluster();
afterEach(() => cluster().replicas[0].start());

/** Records in a file that it runs, then waits. */
const code = `open("runs", "a").write("ran\\n")\n${python.waitForGo}\nprint("went on")`;

async function open() {
  const { clientOf, createSession, replicas } = cluster();
  const tenant = newTenant();
  const [dying, other] = [await clientOf(tenant, replicas[0]), await clientOf(tenant, replicas[1])];
  const { id } = await createSession(other);
  return { dying, other, id, steps: `/v1/sessions/${id}/steps`, kill: () => replicas[0].kill() };
}

const streams: {
  form: StreamForm;
  resume: (last: number) => { query: string; headers: Record<string, string> };
}[] = [
  { form: 'application/x-ndjson', resume: (last) => ({ query: `?after=${last}`, headers: {} }) },
  {
    form: 'text/event-stream',
    resume: (last) => ({ query: '', headers: { 'last-event-id': String(last) } }),
  },
];

test.each(streams)(
  'a stream of $form that broke with its data-plane continues through another, without gap or repeat',
  async ({ form, resume }) => {
    const { dying, other, id, steps, kill } = await open();
    const events: StepEvent[] = [];
    const first = await dying.call('POST', steps, { code, step_id: 'a' }, { accept: form });
    await expect(async () => {
      for await (const event of readEvents(first, form)) {
        events.push(event);
        if (event.type === 'stdout') await kill();
      }
    }).rejects.toThrow();
    await letGo(other, id);
    const { query, headers } = resume(events.at(-1)?.seq ?? 0);
    const second = await other.call('GET', `${steps}/a/events${query}`, undefined, {
      accept: form,
      ...headers,
    });
    for await (const event of readEvents(second, form)) events.push(event);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
    expect(events.at(-1)).toMatchObject({ type: 'step_ended', status: 'completed' });
    expect(events.map((event) => (event.type === 'stdout' ? event.text : '')).join('')).toBe(
      'waiting\nwent on\n',
    );
    expect(await readText(other, id, 'runs')).toBe('ran\n');
  },
);

test('a step whose data-plane died can be joined by its id through another, and runs once', async () => {
  const { dying, other, id, steps, kill } = await open();
  const first = dying.call('POST', steps, { code, step_id: 'a' });
  await stepThatWrote(other, id, 'a', 'waiting');
  await Promise.all([expect(first).rejects.toThrow(TypeError), kill()]);
  const [joined] = await Promise.all([other.run(id, code, { step_id: 'a' }), letGo(other, id)]);
  expect(joined).toMatchObject({
    status: 'completed',
    execution_count: 1,
    stdout: 'waiting\nwent on\n',
  });
  expect(await readText(other, id, 'runs')).toBe('ran\n');
});

test('a step with on_disconnect cancel is cancelled when its data-plane dies', async () => {
  const { dying, other, id, steps, kill } = await open();
  const first = dying.call('POST', steps, { code, step_id: 'a', on_disconnect: 'cancel' });
  await stepThatWrote(other, id, 'a', 'waiting');
  await Promise.all([expect(first).rejects.toThrow(TypeError), kill()]);
  expect(await stepWith(other, id, 'a', 'cancelled')).toMatchObject({
    state_lost: false,
    stdout: 'waiting\n',
  });
});
