import { stepEventSchema, stepResultSchema } from '@steppe/contracts/step';
import { resultBundleSchema } from '@steppe/contracts/step-output';
import { expect, test } from 'vitest';
import { toRawJson } from '../protocol/raw-json.ts';
import { resultText } from './kept-result.ts';
import type { Step } from './step.ts';
import { eventText } from './step-events.ts';
import { contractLimits } from './step-limits.ts';
import { completed, eventsOf, newStep } from './testing/new-step.ts';

test('numbers its events without gaps and aggregates them to the result', async () => {
  const step = newStep();
  step.started(3);
  step.output('stdout', Buffer.from('a'));
  step.display(toRawJson({ 'text/plain': '42' }), true, false);
  step.output('stderr', Buffer.from('e'));
  step.background('stdout', Buffer.from('late'));
  step.end(completed);
  const events = await eventsOf(step);
  expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(events.map(({ type }) => type)).toEqual([
    'step_started',
    'stdout',
    'result',
    'background',
    'stderr',
    'step_ended',
  ]);
  const result = stepResultSchema.parse(JSON.parse(resultText(step.result())));
  expect(result).toMatchObject({
    stdout: 'a',
    stderr: 'e',
    execution_count: 3,
    status: 'completed',
  });
  expect(result.results).toEqual([{ 'text/plain': '42', is_main_result: true }]);
  expect(result.background).toEqual({ stdout: 'late', stderr: '', errors: [] });
  for (const event of events) stepEventSchema.parse(JSON.parse(eventText(event)));
});

test('ends once, whatever happens later', async () => {
  const step = newStep();
  step.started(1);
  step.end(completed);
  step.end({ ...completed, status: 'failed' });
  expect(step.status).toBe('completed');
  const ends = (await eventsOf(step)).filter(({ type }) => type === 'step_ended');
  expect(ends).toHaveLength(1);
});

test('leaves a notice for each result above the limit, and keeps the main result', () => {
  const step = newStep();
  step.started(1);
  for (let at = 0; at <= 12; at += 1)
    step.display(toRawJson({ 'text/plain': 'x'.repeat(1024 * 1024) }), at === 12, false);
  step.end(completed);
  const { results, truncated } = step.result();
  const notice = expect.stringContaining('[result of 1048593 bytes omitted: ');
  const whole = expect.stringMatching(/^{"text\/plain":"x+"/);
  expect(results).toEqual([...Array(9).fill(whole), ...Array(3).fill(notice), whole]);
  expect(truncated.results).toBe(true);
});

test('limits the notices of omitted results', () => {
  const step = newStep({}, { ...contractLimits, resultBytes: 10 });
  for (let at = 0; at < 10_000; at += 1)
    step.display(toRawJson({ 'text/plain': 'x' }), false, false);
  const { results } = step.result();
  expect(results.join('').length).toBeLessThan(70_000);
  expect(results.at(-1)).toContain('each without a notice');
});

test('keeps results up to exactly the limit', () => {
  const bundle = { 'text/plain': 'x' };
  const resultBytes = 2 * JSON.stringify(bundle).length;
  const step = newStep({}, { ...contractLimits, resultBytes });
  const kept = () => step.result().results.filter((text) => text === JSON.stringify(bundle));
  for (const count of [1, 2, 2]) {
    step.display(toRawJson(bundle), false, false);
    expect(kept()).toHaveLength(count);
  }
});

const bundleOf = (text: string) => toRawJson({ 'text/plain': text });
const shownBy = (step: Step) =>
  step.result().results.map((text) => resultBundleSchema.parse(JSON.parse(text))['text/plain']);

test('a result has what was shown after the last clear', () => {
  const step = newStep();
  step.display(bundleOf('a'), false, false);
  step.clearOutput(false);
  expect(shownBy(step)).toEqual([]);
  step.display(bundleOf('b'), false, false);
  step.clearOutput(true);
  expect(shownBy(step)).toEqual(['b']);
  step.display(bundleOf('c'), false, false);
  expect(shownBy(step)).toEqual(['c']);
  step.clearOutput(true);
  step.output('stdout', Buffer.alloc(64 * 1024, 'x'));
  expect(shownBy(step)).toEqual([]);
});

test('results that are cleared in a loop take the memory of one, and the newest is kept', async () => {
  const step = newStep({}, { ...contractLimits, resultBytes: 10_000 });
  const reader = step.readEvents();
  await reader.next(1);
  for (let at = 0; at < 1_000; at += 1) {
    step.clearOutput(at % 2 === 0);
    step.display(bundleOf(`${at}`.padEnd(1_000)), false, false);
  }
  expect(shownBy(step)).toEqual(['999'.padEnd(1_000)]);
  expect(step.bytes).toBeLessThan(20_000);
  expect(step.result().truncated.results).toBe(false);
  const events = await reader.next(1_000_000);
  expect(events.filter(({ type }) => type === 'output_dropped')).toHaveLength(1);
  for (const [at, event] of events.entries()) {
    const before = at === 0 ? 1 : (events[at - 1]?.seq ?? 0);
    if (event.type !== 'output_dropped') expect(event.seq).toBe(before + 1);
  }
});

test('clearing again and again takes no memory', () => {
  const step = newStep({}, { ...contractLimits, resultBytes: 10_000 });
  for (let at = 0; at < 10_000; at += 1) step.clearOutput(at % 3 === 0);
  expect(step.bytes).toBeLessThan(20_000);
});

test('is a valid result while it is queued', () => {
  expect(stepResultSchema.parse(JSON.parse(resultText(newStep().result())))).toMatchObject({
    status: 'queued',
    execution_count: null,
    usage: null,
  });
});

test('accepts no events after it has ended', async () => {
  const step = newStep();
  step.started(1);
  step.end(completed);
  // More bytes than are held back to join small writes.
  step.output('stdout', Buffer.alloc(64 * 1024, 'x'));
  step.display(toRawJson({ 'text/plain': 'late' }), true, false);
  step.background('stdout', Buffer.from('late'));
  step.backgroundError({ name: 'Error', message: 'late', traceback: [] });
  expect((await eventsOf(step)).at(-1)?.type).toBe('step_ended');
  expect(step.result()).toMatchObject({ stdout: '', results: [], background: null });
});

test('drops its code once the interpreter has taken it', () => {
  const step = newStep({ code: 'x'.repeat(10_000), env: { A: 'y'.repeat(10_000) } });
  expect(step.bytes).toBeGreaterThan(20_000);
  expect(step.takeCode().code).toHaveLength(10_000);
  expect(step.bytes).toBeLessThan(1_000);
  expect(() => step.takeCode()).toThrow();
});

test('drops its code if it ends without running', () => {
  const step = newStep({ code: 'x'.repeat(10_000) });
  step.end({ ...completed, status: 'cancelled' });
  expect(step.bytes).toBeLessThan(1_000);
});

test('calls a listener for each event until the listener is removed', () => {
  const step = newStep();
  let [calls, otherCalls] = [0, 0];
  const stop = step.onEvent(() => (calls += 1));
  step.onEvent(() => (otherCalls += 1));
  step.started(1);
  stop();
  step.end(completed);
  expect([calls, otherCalls]).toEqual([1, 2]);
});
