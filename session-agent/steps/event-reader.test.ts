import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { toRawJson } from '../protocol/raw-json.ts';
import { rawOutput } from '../spool/raw-output.ts';
import { newSpool } from '../testing/new-spool.ts';
import type { Step } from './step.ts';
import type { KeptEvent } from './step-events.ts';
import { contractLimits } from './step-limits.ts';
import { completed, eventsOf, newStep } from './testing/new-step.ts';

const mebibyte = 1024 * 1024;
const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function newDirectory(): string {
  const directory = join(mkdtempSync('/tmp/steppe-spool-'), 'spool');
  directories.push(join(directory, '..'));
  return directory;
}

function startedStep(spool = newSpool({ stepBytes: mebibyte })): Step {
  const step = newStep({}, contractLimits, spool);
  step.started(1);
  return step;
}

/** Lines of 100 bytes that name their number. */
const line = (n: number): string => `${String(n).padEnd(99, '.')}\n`;
const print = (step: Step, from: number, to: number): void => {
  for (let n = from; n < to; n += 100) {
    const lines = Array.from({ length: Math.min(100, to - n) }, (_, at) => line(n + at));
    step.output('stdout', Buffer.from(lines.join('')));
    step.spooled();
  }
};
const textOf = (events: readonly KeptEvent[]): string =>
  events.map((event) => (event.type === 'stdout' ? event.text : '')).join('');
const dropsIn = (events: readonly KeptEvent[]) =>
  events.filter((event) => event.type === 'output_dropped');

/** Every seq follows the one before it, unless an event stands for those between them. */
function expectNoHiddenGap(events: readonly KeptEvent[]): void {
  let seq = 0;
  for (const event of events) {
    expect(event.type === 'output_dropped' ? event.first_seq : event.seq).toBe(seq + 1);
    seq = event.seq;
  }
}

async function rawText(step: Step, start = 0, end = Number.POSITIVE_INFINITY): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const some of rawOutput(step.spooled(), 'stdout').read(start, end))
    pieces.push(...some.map((piece) => Buffer.from(piece)));
  return Buffer.concat(pieces).toString();
}

test('keeps all output up to the bound, for readers at any place and pace', async () => {
  const step = startedStep(newSpool({ stepBytes: 16 * mebibyte }));
  const early = step.readEvents();
  const seen: KeptEvent[] = [];
  for (let n = 0; n < 50_000; n += 5_000) {
    print(step, n, n + 5_000);
    step.display(toRawJson({ 'text/plain': `after ${n}` }), false, false);
    seen.push(...(await early.next(200_000)));
  }
  step.end(completed);
  for (let more = await early.next(1); more.length > 0; more = await early.next(1))
    seen.push(...more);
  const all = await eventsOf(step);
  expect(seen).toEqual(all);
  expectNoHiddenGap(all);
  const printed = Array.from({ length: 50_000 }, (_, n) => line(n)).join('');
  expect(textOf(all) === printed).toBe(true);
  expect((await rawText(step)) === printed).toBe(true);
  expect(await rawText(step, 250, 350)).toBe(printed.slice(250, 350));
  expect(await rawText(step, 4_999_900)).toBe(line(49_999));
  const late = await step.readEvents(200).next(Number.POSITIVE_INFINITY);
  expect(late).toEqual(all.slice(200));
});

test('reads output that is written while it waits before the event that follows it', async () => {
  const step = startedStep();
  const reader = step.readEvents();
  print(step, 0, 1);
  await reader.next(Number.POSITIVE_INFINITY);
  const reading = reader.next(Number.POSITIVE_INFINITY);
  print(step, 1, 2);
  step.end(completed);
  const rest = await reading;
  expect(rest.map(({ type }) => type)).toEqual(['stdout', 'step_ended']);
  expect(textOf(rest)).toBe(line(1));
});

test('drops the middle of more output, keeps its head and its tail, and one event says so', async () => {
  const step = startedStep();
  print(step, 0, 100_000);
  step.end(completed);
  const events = await eventsOf(step);
  expectNoHiddenGap(events);
  const [drop, ...more] = dropsIn(events);
  const kept = textOf(events);
  expect([kept.startsWith(line(0)), kept.endsWith(line(99_999)), more]).toEqual([true, true, []]);
  expect(drop).toMatchObject({ stdout_bytes: 10_000_000 - kept.length, stderr_bytes: 0 });
  expect(kept.length).toBeGreaterThan(0.85 * mebibyte);
  expect(kept.length).toBeLessThan(mebibyte);
  const head = textOf(events.slice(0, events.indexOf(drop as KeptEvent)));
  expect(head.length).toBeGreaterThan(0.4 * mebibyte);
  const { bytes, droppedBytes } = rawOutput(step.spooled(), 'stdout');
  expect([bytes, droppedBytes]).toEqual([kept.length, 10_000_000 - kept.length]);
  expect((await rawText(step)) === kept).toBe(true);
  expect(step.result().truncated.stdout).toBe(true);
  // A reader that comes in the middle gets the same event, one that has read it does not.
  const from = (seq = 0) => step.readEvents(seq).next(Number.POSITIVE_INFINITY);
  expect(dropsIn(await from((drop?.seq ?? 0) - 1))).toEqual([drop]);
  expect(await from(drop?.seq)).toEqual(events.slice(events.indexOf(drop as KeptEvent) + 1));
});

test('keeps results and errors in a dropped part, and tells the loss around each', async () => {
  const step = startedStep();
  print(step, 0, 20_000);
  step.display(toRawJson({ 'text/plain': 'kept' }), false, false);
  print(step, 20_000, 60_000);
  step.end(completed);
  const events = await eventsOf(step);
  expectNoHiddenGap(events);
  const at = events.findIndex(({ type }) => type === 'result');
  const lost = dropsIn(events).map((event) =>
    event.type === 'output_dropped' ? event.stdout_bytes : 0,
  );
  expect([events[at - 1]?.type, events[at + 1]?.type, lost.length]).toEqual([
    'output_dropped',
    'output_dropped',
    2,
  ]);
  expect(lost.reduce((sum, bytes) => sum + bytes, 0) + textOf(events).length).toBe(6_000_000);
});

test('a slow reader misses only what is dropped before it comes there', async () => {
  const step = startedStep();
  const slow = step.readEvents();
  const seen: KeptEvent[] = [];
  for (let n = 0; n < 60_000; n += 1_000) {
    print(step, n, n + 1_000);
    seen.push(...(await slow.next(10_000)));
  }
  step.end(completed);
  seen.push(...(await slow.next(Number.POSITIVE_INFINITY)));
  expectNoHiddenGap(seen);
  const lost = dropsIn(seen).map((event) =>
    event.type === 'output_dropped' ? event.stdout_bytes : 0,
  );
  expect(lost.reduce((sum, bytes) => sum + bytes, 0) + textOf(seen).length).toBe(6_000_000);
  expect(seen.at(-1)?.type).toBe('step_ended');
});

test('a full disk ends no step: what it does not take is counted', async () => {
  const directory = newDirectory();
  mkdirSync(directory);
  symlinkSync('/dev/full', join(directory, '1.spool'));
  const step = startedStep(newSpool({ directory }));
  print(step, 0, 50_000);
  step.display(toRawJson({ 'text/plain': '1' }), true, false);
  step.end(completed);
  const events = await eventsOf(step);
  expectNoHiddenGap(events);
  const [drop] = dropsIn(events);
  expect(drop).toMatchObject({ stdout_bytes: 5_000_000 - textOf(events).length });
  expect(textOf(events).endsWith(line(49_999))).toBe(true);
  expect(step.result()).toMatchObject({ status: 'completed', truncated: { stdout: true } });
  expect(step.result().stdout).toMatch(/^0\.+\n[\s\S]*\n49999\.+\n$/);
});

test('a file that lost a part is told as a loss, and its reader comes to the end', async () => {
  const directory = newDirectory();
  const step = startedStep(newSpool({ stepBytes: mebibyte, directory }));
  print(step, 0, 5_000);
  for (const name of readdirSync(directory)) truncateSync(join(directory, name), 0);
  step.end(completed);
  const events = await eventsOf(step);
  expectNoHiddenGap(events);
  expect(dropsIn(events).length).toBeGreaterThan(0);
  expect(events.at(-1)).toMatchObject({ type: 'step_ended' });
});

test('a directory that cannot be made loses no result', async () => {
  const step = startedStep(newSpool({ directory: '/dev/null/spool' }));
  print(step, 0, 5_000);
  step.end(completed);
  expect(step.result().stdout).toBe(Array.from({ length: 5_000 }, (_, n) => line(n)).join(''));
  expectNoHiddenGap(await eventsOf(step));
});

test('drops the output of the step that ended first when the session has too much', async () => {
  const directory = newDirectory();
  const spool = newSpool({ directory, stepBytes: mebibyte, sessionBytes: 2 * mebibyte });
  const steps = [1, 2, 3].map(() => {
    const step = startedStep(spool);
    print(step, 0, 9_000);
    step.end(completed);
    return step;
  });
  const texts = await Promise.all(steps.map(async (step) => textOf(await eventsOf(step)).length));
  expect(texts).toEqual([0, 900_000, 900_000]);
  expect(readdirSync(directory).sort()).toEqual(['2.spool', '3.spool']);
  const [first] = steps;
  const events = first ? await eventsOf(first) : [];
  expect(dropsIn(events)).toMatchObject([{ first_seq: 2, stdout_bytes: 900_000 }]);
  expect(first?.result()).toMatchObject({ truncated: { stdout: false } });
  for (const step of steps) step.forget();
  expect(readdirSync(directory)).toEqual([]);
});
