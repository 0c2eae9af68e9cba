import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { limits } from '@steppe/contracts/limits';
import { cutOffLineSchema, type StepEvent, stepEventSchema } from '@steppe/contracts/step';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { toRawJson } from '../../protocol/raw-json.ts';
import type { Step } from '../../steps/step.ts';
import { eventText } from '../../steps/step-events.ts';
import { completed, eventsOf, newStep } from '../../steps/testing/new-step.ts';
import { type StreamOptions, streamEvents } from './stream-events.ts';

const opened: { destroy(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.destroy();
});

/** A server that responds to every request with the step's events. */
async function serve(step: Step, options: Partial<StreamOptions> = {}) {
  const responses: ServerResponse[] = [];
  const ends: Promise<void>[] = [];
  const server = createServer((_, outgoing) => {
    responses.push(outgoing);
    ends.push(
      streamEvents(step, outgoing, {
        format: 'ndjson',
        after: 0,
        stallMs: 60_000,
        clock: systemClock,
        ...options,
      }),
    );
  });
  opened.push({
    destroy() {
      server.closeAllConnections();
      server.close();
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, responses, ends };
}

/** A reader that has sent its request and read nothing yet. */
function openReader(port: number): Socket {
  const socket = connect(port, '127.0.0.1').pause();
  opened.push(socket);
  socket.write('GET / HTTP/1.0\r\n\r\n');
  return socket;
}

async function readLines(socket: Socket): Promise<string[]> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  return body.trimEnd().split('\n');
}

const eventsIn = (lines: string[]): StepEvent[] =>
  lines.map((line) => stepEventSchema.parse(JSON.parse(line)));
const write = (step: Step, megabytes: number) => {
  for (let at = 0; at < megabytes; at += 1)
    step.display(toRawJson({ 'text/plain': 'x'.repeat(1024 * 1024) }), false, false);
};
const startedStep = (): Step => {
  const step = newStep();
  step.started(1);
  return step;
};

test('replays, then follows to the end, for several readers, without gaps or repeats', async () => {
  const step = startedStep();
  write(step, 2);
  const { port, responses } = await serve(step);
  const readers = [1, 2, 3].map(() => readLines(openReader(port)));
  await expect.poll(() => responses.length).toBe(3);
  write(step, 2);
  step.end(completed);
  const late = readLines(openReader(port));
  for (const lines of await Promise.all([...readers, late])) {
    expect(lines).toEqual((await eventsOf(step)).map(eventText));
    eventsIn(lines);
  }
  expect((await eventsOf(step)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each([
  { after: 3, seqs: [4, 5] },
  { after: 5, seqs: [] },
  { after: 999, seqs: [] },
])('streams the events after $after, then ends', async ({ after, seqs }) => {
  const step = startedStep();
  write(step, 3);
  step.end(completed);
  const { port } = await serve(step, { after });
  const lines = (await readLines(openReader(port))).filter((line) => line !== '');
  expect(eventsIn(lines).map(({ seq }) => seq)).toEqual(seqs);
});

test('cuts off a stalled reader with a last line between events; others continue', async () => {
  const step = startedStep();
  write(step, 8);
  const { port, responses, ends } = await serve(step, { stallMs: 1_000 });
  const slow = openReader(port);
  await expect.poll(() => ends.length).toBe(1);
  const fast = readLines(openReader(port));
  await ends[0];
  // The response buffers at most one batch for a stalled reader.
  expect(responses[0]?.writableLength).toBeLessThan(3 * 1024 * 1024);
  // Read now: the reader has the same time again for its last line.
  const reading = readLines(slow);
  step.end(completed);
  const { length } = await eventsOf(step);
  expect(eventsIn(await fast)).toHaveLength(length);

  const lines = await reading;
  expect(cutOffLineSchema.parse(JSON.parse(lines.pop() ?? ''))).toMatchObject({
    reason: 'slow_reader',
  });
  const seqs = eventsIn(lines).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, at) => at + 1));
  expect(seqs.length).toBeLessThan(length);
});

test('closes the connection of a stalled reader that does not read its last line', async () => {
  const step = startedStep();
  write(step, 8);
  const { port, responses } = await serve(step, { stallMs: 100 });
  openReader(port);
  await expect.poll(() => responses[0]?.destroyed).toBe(true);
});

test('sends a last line to a reader whose step the journal drops', async () => {
  const step = startedStep();
  const { port, responses } = await serve(step, { format: 'sse' });
  const reading = readLines(openReader(port));
  await expect.poll(() => responses.length).toBe(1);
  step.forget();
  const text = (await reading).join('\n');
  expect(text).toMatch(/event: cut_off\ndata: \{"type":"cut_off","reason":"forgotten"/);
  expect(text).not.toMatch(/cut_off[\s\S]*id:/);
});

test('sends its headers immediately, before there is any event', async () => {
  const { port } = await serve(newStep());
  const socket = openReader(port).setEncoding('utf8');
  const [head] = await once(socket.resume(), 'data');
  expect(head).toMatch(
    /^HTTP\/1.1 200 OK\r\n[\s\S]*Content-Type: application\/x-ndjson\r\n[\s\S]*\r\n\r\n$/,
  );
});

describe('a keepalive', () => {
  const advance = (part: number) => vi.advanceTimersByTime(limits.keepaliveMs * part);
  const keepalive = '{"type":"keepalive"}';
  let step: Step;
  let stopped: number;
  let server: Awaited<ReturnType<typeof serve>>;
  const begin = async () => {
    const reader = openReader(server.port);
    await expect.poll(() => server.responses.length).toBe(1);
    return reader;
  };
  afterEach(() => vi.useRealTimers());
  const start = async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    [step, stopped] = [startedStep(), 0];
    const onEvent = step.onEvent.bind(step);
    step.onEvent = (listener) => {
      const stop = onEvent(listener);
      return () => {
        stopped += 1;
        stop();
      };
    };
    server = await serve(step);
  };
  /** No timer or listener remains for a reader that disconnected. */
  const isOver = () => expect.poll(() => [vi.getTimerCount(), stopped]).toEqual([0, 1]);

  test('is sent after a period of inactivity, and not while there are events', async () => {
    await start();
    const reading = readLines(await begin());
    advance(0.8);
    step.display(toRawJson({ 'text/plain': 'x' }), false, false);
    await expect.poll(() => server.responses[0]?.writableLength).toBe(0);
    advance(0.8);
    step.display(toRawJson({ 'text/plain': 'y' }), false, false);
    await expect.poll(() => server.responses[0]?.writableLength).toBe(0);
    advance(1);
    step.end(completed);
    const lines = await reading;
    expect(lines.map((line) => line === keepalive)).toEqual([false, false, false, true, false]);
    await isOver();
  });

  test('does not keep a stalled reader from being cut off', async () => {
    await start();
    const reader = await begin();
    write(step, 8);
    await expect.poll(() => server.responses[0]?.writableNeedDrain).toBe(true);
    const held = server.responses[0]?.writableLength;
    advance(10);
    expect(server.responses[0]?.writableLength).toBe(held);
    reader.destroy();
    await isOver();
  });

  test('is not sent to a reader that disconnected', async () => {
    await start();
    (await begin()).destroy();
    await isOver();
  });
});
