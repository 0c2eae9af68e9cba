import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { cutOffLineSchema, type StepEvent, stepEventSchema } from '@steppe/contracts/step';
import { afterEach, expect, test } from 'vitest';
import { answerEvents, type EventsAnswer } from './answer-events.ts';
import type { Step } from './step.ts';
import { completed, newStep } from './testing/new-step.ts';

const opened: { destroy(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.destroy();
});

/** A server that answers every request with the step's events. */
async function serve(step: Step, options: Partial<EventsAnswer> = {}) {
  const answers: ServerResponse[] = [];
  const server = createServer((_, outgoing) => {
    answers.push(outgoing);
    void answerEvents(step, outgoing, { form: 'ndjson', after: 0, stallMs: 60_000, ...options });
  });
  opened.push({
    destroy() {
      server.closeAllConnections();
      server.close();
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, answers };
}

/** A reader that has asked, and has read nothing yet. */
function ask(port: number): Socket {
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

const eventsIn = (lines: string[]): StepEvent[] => lines.map((line) => stepEventSchema.parse(JSON.parse(line)));
const write = (step: Step, megabytes: number) => {
  for (let at = 0; at < megabytes; at += 1) step.display({ 'text/plain': 'x'.repeat(1024 * 1024) }, false, false);
};
const startedStep = (): Step => {
  const step = newStep();
  step.started(1, 1);
  return step;
};

test('replays and then follows to the end, for several readers at once, without gap or repeat', async () => {
  const step = startedStep();
  write(step, 2);
  const { port, answers } = await serve(step);
  const readers = [1, 2, 3].map(() => readLines(ask(port)));
  await expect.poll(() => answers.length).toBe(3);
  write(step, 2);
  step.end(completed);
  const late = readLines(ask(port));
  for (const lines of await Promise.all([...readers, late])) {
    expect(eventsIn(lines)).toEqual(step.events);
  }
  expect(step.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each([
  { after: 3, seqs: [4, 5] },
  { after: 5, seqs: [] },
  { after: 999, seqs: [] },
])('gives what comes after $after, and ends', async ({ after, seqs }) => {
  const step = startedStep();
  write(step, 3);
  step.end(completed);
  const { port } = await serve(step, { after });
  const lines = (await readLines(ask(port))).filter((line) => line !== '');
  expect(eventsIn(lines).map(({ seq }) => seq)).toEqual(seqs);
});

test('cuts off a reader that takes nothing, with a last word at the border of an event; others go on', async () => {
  const step = startedStep();
  write(step, 8);
  const { port, answers } = await serve(step, { stallMs: 400 });
  const slow = ask(port);
  await once(slow, 'connect');
  const fast = readLines(ask(port));
  await expect.poll(() => answers[0]?.writableEnded, { timeout: 20_000 }).toBe(true);
  // What it can hold of a reader that takes nothing is one batch.
  expect(answers[0]?.writableLength).toBeLessThan(3 * 1024 * 1024);
  step.end(completed);
  expect(eventsIn(await fast)).toHaveLength(step.events.length);

  const lines = await readLines(slow);
  expect(cutOffLineSchema.parse(JSON.parse(lines.pop() ?? ''))).toMatchObject({ reason: 'slow_reader' });
  const seqs = eventsIn(lines).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, at) => at + 1));
  expect(seqs.length).toBeLessThan(step.events.length);
});

test('ends the connection of a reader that does not take its last word either', async () => {
  const step = startedStep();
  write(step, 8);
  const { port, answers } = await serve(step, { stallMs: 100 });
  ask(port);
  await expect.poll(() => answers[0]?.destroyed, { timeout: 20_000 }).toBe(true);
});

test('tells a reader whose step the journal lets go of', async () => {
  const step = startedStep();
  const { port, answers } = await serve(step, { form: 'sse' });
  const reading = readLines(ask(port));
  await expect.poll(() => answers.length).toBe(1);
  step.forget();
  const text = (await reading).join('\n');
  expect(text).toMatch(/event: cut_off\ndata: \{"type":"cut_off","reason":"forgotten"/);
  expect(text).not.toMatch(/cut_off[\s\S]*id:/);
});
