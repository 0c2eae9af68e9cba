import { expect, test } from 'vitest';
import { KeyedLock } from './directory-workspace.ts';

test('runs work under one key sequentially, in order, even after a failure', async () => {
  const lock = new KeyedLock();
  const log: string[] = [];
  const work = (name: string, fails = false) =>
    lock.run('key', async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([work('a'), work('b', true), work('c')]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('does not make one key wait for another', async () => {
  const lock = new KeyedLock();
  let release = () => {};
  const held = lock.run('held', () => new Promise<void>((resolve) => (release = resolve)));
  expect(await lock.run('free', async () => 'done')).toBe('done');
  release();
  await held;
});

test('makes late work wait for the last one, even if earlier ones have ended', async () => {
  const lock = new KeyedLock();
  const log: string[] = [];
  const releases: (() => void)[] = [];
  const hold = (name: string) =>
    lock.run('key', async () => {
      log.push(name);
      await new Promise<void>((resolve) => releases.push(resolve));
    });
  const [first, second] = [hold('first'), hold('second')];
  await new Promise((resolve) => setImmediate(resolve));
  releases.shift()?.();
  await first;
  const third = hold('third');
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual(['first', 'second']);
  releases.shift()?.();
  await second;
  await new Promise((resolve) => setImmediate(resolve));
  releases.shift()?.();
  await third;
  expect(log).toEqual(['first', 'second', 'third']);
});
