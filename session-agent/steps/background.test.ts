import { limits } from '@steppe/contracts/limits';
import { systemClock } from '@steppe/service-kit/process/clock';
import { expect, it } from 'vitest';
import { newSpool } from '../testing/new-spool.ts';
import { BackgroundOutput } from './background.ts';
import { eventsOf, newStep } from './testing/new-step.ts';

function backgroundOf(text: string): string {
  const background = new BackgroundOutput(newSpool(), systemClock);
  background.text('stdout', text);
  const step = newStep();
  background.attach(step);
  return step.result().background?.stdout ?? '';
}

it('shows the end of a write that is larger than a result shows', () => {
  const kept = backgroundOf(`${'x'.repeat(4 * limits.backgroundBytes)}end`);
  expect(kept).toMatch(/^x+end$/);
  expect(kept.length).toBeLessThanOrEqual(limits.backgroundBytes);
  expect(kept.length).toBeGreaterThan(limits.backgroundBytes * 0.9);
});

it('delivers all that was written between two steps as events, in order, after the start', async () => {
  const background = new BackgroundOutput(newSpool(), systemClock);
  let [stdout, stderr] = ['', ''];
  for (let n = 0; n < 40_000; n += 1) {
    const text = `${n}\n`;
    if (n % 10_000 === 9_999) stderr += text;
    else stdout += text;
    background.text(n % 10_000 === 9_999 ? 'stderr' : 'stdout', text);
    if (n === 20_000) background.error({ name: 'Error', message: 'late', traceback: [] });
  }
  const step = newStep();
  step.started(1);
  background.attach(step);
  const events = await eventsOf(step);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  expect(events[0]?.type).toBe('step_started');
  const textOf = (stream: string) =>
    events
      .map((event) => (event.type === 'background' && event.stream === stream ? event.text : ''))
      .join('');
  expect({ stdout: textOf('stdout'), stderr: textOf('stderr') }).toEqual({ stdout, stderr });
  expect(events.filter(({ type }) => type === 'background_error')).toHaveLength(1);
});

it('delivers what arrives while a step runs whole', async () => {
  const background = new BackgroundOutput(newSpool(), systemClock);
  for (const step of [newStep(), newStep()]) {
    step.started(1);
    background.attach(step);
    for (let n = 0; n < 40; n += 1) background.text('stdout', 'x'.repeat(4096));
    background.detach();
    const texts = (await eventsOf(step)).map((event) => ('text' in event ? event.text.length : 0));
    expect(texts.reduce((sum, length) => sum + length, 0)).toBe(40 * 4096);
  }
});

it('counts the output of each stream that the spool drops, and keeps the errors in it', async () => {
  const background = new BackgroundOutput(newSpool({ stepBytes: 1024 * 1024 }), systemClock);
  const written = { stdout: 0, stderr: 0 };
  for (let n = 0; n < 5_000; n += 1) {
    const stream = n % 3 === 0 ? 'stderr' : 'stdout';
    background.text(stream, `${String(n).padEnd(999, '.')}\n`);
    written[stream] += 1000;
    if (n % 1_000 === 500) background.error({ name: `Error${n}`, message: '', traceback: [] });
  }
  const step = newStep();
  step.started(1);
  background.attach(step);
  const events = await eventsOf(step);
  const [kept, lost] = [
    { stdout: 0, stderr: 0 },
    { stdout: 0, stderr: 0 },
  ];
  for (const event of events) {
    if (event.type === 'background') kept[event.stream] += event.text.length;
    if (event.type === 'background_dropped') lost[event.stream] += event.bytes;
  }
  expect({ stdout: kept.stdout + lost.stdout, stderr: kept.stderr + lost.stderr }).toEqual(written);
  expect(kept.stdout + kept.stderr).toBeGreaterThan(0.8 * 1024 * 1024);
  const names = events.flatMap((event) => (event.type === 'background_error' ? event.name : []));
  expect(names).toEqual(['Error500', 'Error1500', 'Error2500', 'Error3500', 'Error4500']);
  const seqs = events.map(({ seq }) => seq);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  expect(new Set(seqs).size).toBe(seqs.length);
  expect(step.result().background).toMatchObject({ stdout: expect.stringMatching(/4999\.+\n$/) });
});

it('keeps errors beyond a limit as text', async () => {
  const background = new BackgroundOutput(newSpool(), systemClock);
  const message = 'x'.repeat(200_000);
  for (let n = 0; n < 40; n += 1) background.error({ name: `Error${n}`, message, traceback: [] });
  const step = newStep();
  step.started(1);
  background.attach(step);
  const events = await eventsOf(step);
  const errors = events.flatMap((event) => (event.type === 'background_error' ? event.name : []));
  const text = events.map((event) => ('text' in event ? event.text : '')).join('');
  const others = [...text.matchAll(/Error\d+/g)].map(([name]) => name);
  expect([...errors, ...others]).toEqual(Array.from({ length: 40 }, (_, n) => `Error${n}`));
  expect(errors.length).toBeLessThan(30);
});

it('does not split a character', () => {
  expect(backgroundOf('🌍'.repeat(limits.backgroundBytes))).toMatch(/^🌍+$/u);
});

it('passes errors and output of earlier steps to the next one, once', () => {
  const background = new BackgroundOutput(newSpool(), systemClock);
  const error = { name: 'Error', message: 'late', traceback: [] };
  background.text('stdout', 'x'.repeat(100));
  background.text('stderr', 'late\n');
  background.error(error);
  const [first, second, third] = [newStep(), newStep(), newStep()];
  background.attach(first);
  background.detach();
  background.text('stdout', 'later\n');
  background.attach(second);
  background.detach();
  background.attach(third);
  expect(first.result().background).toEqual({
    stdout: expect.stringMatching(/^x+$/),
    stderr: 'late\n',
    errors: [error],
  });
  expect(second.result().background).toEqual({ stdout: 'later\n', stderr: '', errors: [] });
  expect(third.result().background).toBeNull();
});
