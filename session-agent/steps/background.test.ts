import { limits } from '@steppe/contracts/limits';
import { expect, it } from 'vitest';
import { BackgroundOutput } from './background.ts';
import { newStep } from './testing/new-step.ts';

function backgroundOf(text: string): string {
  const background = new BackgroundOutput();
  background.text('stdout', text);
  const step = newStep();
  background.attach(step);
  return step.result().background?.stdout ?? '';
}

it('keeps the end of a write that is larger than the limit', () => {
  const kept = backgroundOf(`${'x'.repeat(4 * limits.backgroundBytes)}end`);
  expect(kept).toMatch(/^x+end$/);
  expect(kept.length).toBeLessThanOrEqual(limits.backgroundBytes);
  expect(kept.length).toBeGreaterThan(limits.backgroundBytes * 0.9);
});

it('keeps as many bytes of many small writes as of a large one, in order', () => {
  const background = new BackgroundOutput();
  for (let n = 0; n < 40_000; n += 1)
    background.text(n % 10_000 === 9_999 ? 'stderr' : 'stdout', `${n}\n`);
  const step = newStep();
  background.attach(step);
  const { stdout = '', stderr = '' } = step.result().background ?? {};
  expect(stderr).toBe('39999\n');
  expect(stdout.length).toBeGreaterThan(limits.backgroundBytes * 0.7);
  const numbers = stdout.trim().split('\n').map(Number);
  expect(numbers).toEqual(numbers.map((_, index) => 39_999 - numbers.length + index));
});

it('limits the output that arrives while a step runs, separately for each step', () => {
  const background = new BackgroundOutput();
  for (const step of [newStep(), newStep()]) {
    background.attach(step);
    for (let n = 0; n < 40; n += 1) background.text('stdout', 'x'.repeat(4096));
    background.detach();
    const { length } = step.result().background?.stdout ?? '';
    expect(length).toBeGreaterThan(limits.backgroundBytes * 0.9);
    expect(length).toBeLessThanOrEqual(limits.backgroundBytes);
  }
});

it('does not split a character', () => {
  expect(backgroundOf('🌍'.repeat(limits.backgroundBytes))).toMatch(/^🌍+$/u);
});

it('passes errors and output of earlier steps to the next one, once', () => {
  const background = new BackgroundOutput();
  const error = { name: 'Error', message: 'late', traceback: [] };
  background.text('stdout', 'x'.repeat(limits.backgroundBytes));
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
