import { expect, it } from 'vitest';
import { createStartSlots } from './start-slots.ts';

const never = new AbortController().signal;

it('admits at most as many callers as it has slots, in the order of arrival', async () => {
  const slots = createStartSlots(2);
  const entered: string[] = [];
  const enter = async (name: string) => {
    const release = await slots.take(never);
    entered.push(name);
    return release;
  };
  const [first] = [await enter('a'), await enter('b')];
  const third = enter('c');
  const fourth = enter('d');
  await Promise.resolve();
  expect(entered).toEqual(['a', 'b']);
  first();
  (await third)();
  await fourth;
  expect(entered).toEqual(['a', 'b', 'c', 'd']);
});

it('rejects an aborted waiter, and gives its turn to the next one', async () => {
  const slots = createStartSlots(1);
  const release = await slots.take(never);
  const impatient = new AbortController();
  const left = slots.take(impatient.signal);
  const next = slots.take(never);
  impatient.abort(new Error('no more'));
  await expect(left).rejects.toThrow('no more');
  release();
  (await next)();
  await slots.take(never);
});

it('rejects an already aborted signal, and keeps the slot free', async () => {
  const slots = createStartSlots(1);
  await expect(slots.take(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  await slots.take(never);
});
