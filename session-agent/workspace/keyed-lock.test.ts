import { expect, test } from 'vitest';
import { KeyedLock } from './keyed-lock.ts';

test('runs what has one key one by one, in order, whatever fails', async () => {
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

test('makes no key wait for another', async () => {
  const lock = new KeyedLock();
  let release = () => {};
  const held = lock.run('held', () => new Promise<void>((resolve) => (release = resolve)));
  expect(await lock.run('free', async () => 'done')).toBe('done');
  release();
  await held;
});
