import { expect, test } from 'vitest';
import { Kernel } from './kernel.ts';
import { createSimulatedClock } from './simulated-clock.ts';

const limitMs = 60_000;
const newKernel = (seed = 1) => new Kernel({ seed });

test('runs events in the order of their times, and of one time in the order of their making', async () => {
  const kernel = newKernel();
  const order: string[] = [];
  for (const [name, ms] of Object.entries({ c: 2, a: 1, b: 1 }))
    kernel.schedule(ms, kernel.world, name, () => order.push(name));
  expect(await kernel.run(limitMs)).toBe('idle');
  expect(order).toEqual(['a', 'b', 'c']);
  expect(kernel.elapsedMs).toBe(2);
});

test('lets all microtasks of an event run before the next one', async () => {
  const kernel = newKernel();
  const order: string[] = [];
  kernel.schedule(1, kernel.world, 'first', async () => {
    for (let at = 0; at < 5; at += 1) await Promise.resolve();
    order.push('first');
  });
  kernel.schedule(1, kernel.world, 'second', () => order.push('second'));
  await kernel.run(limitMs);
  expect(order).toEqual(['first', 'second']);
});

test('goes on where a time limit ended it', async () => {
  const kernel = newKernel();
  const order: string[] = [];
  for (const ms of [10, 20]) kernel.schedule(ms, kernel.world, 'event', () => order.push(`${ms}`));
  expect(await kernel.run(15)).toBe('time limit');
  expect(order).toEqual(['10']);
  expect(kernel.elapsedMs).toBe(15);
  expect(await kernel.run(limitMs)).toBe('idle');
  expect(order).toEqual(['10', '20']);
});

test('runs nothing of a dead process, and of a paused one only afterwards', async () => {
  const kernel = newKernel();
  const order: string[] = [];
  const [dead, paused] = [kernel.createProcess('dead'), kernel.createProcess('paused')];
  dead.onKill(() => order.push('killed'));
  kernel.pause(paused, 100);
  kernel.pause(paused, 10);
  kernel.schedule(5, dead, 'never', () => order.push('never'));
  kernel.schedule(5, paused, 'late', () => order.push(`late ${kernel.elapsedMs}`));
  kernel.schedule(1, kernel.world, 'kill', () => kernel.kill(dead));
  await kernel.run(limitMs);
  expect(order).toEqual(['killed', 'late 100']);
});

test('has one hash for one seed, and another for each other schedule', async () => {
  const hashOf = async (seed: number) => {
    const kernel = newKernel(seed);
    const random = kernel.random('test');
    for (let at = 0; at < 10; at += 1)
      kernel.schedule(random.between(0, 9), kernel.world, `event ${at}`, () => {});
    await kernel.run(limitMs);
    return kernel.hash;
  };
  expect(await hashOf(1)).toBe(await hashOf(1));
  expect(await hashOf(1)).not.toBe(await hashOf(2));
});

test('has a clock whose timers belong to the process that starts them', async () => {
  const kernel = newKernel();
  const clock = createSimulatedClock(kernel);
  const ticks: number[] = [];
  const owner = kernel.createProcess('owner');
  kernel.schedule(0, owner, 'start', () => {
    clock.every(10, () => ticks.push(clock.monotonicMs()));
  });
  kernel.schedule(35, kernel.world, 'kill', () => kernel.kill(owner));
  expect(await kernel.run(limitMs)).toBe('idle');
  expect(ticks).toEqual([10, 20, 30]);
});

test('ends a sleep early with the reason of its signal', async () => {
  const kernel = newKernel();
  const clock = createSimulatedClock(kernel);
  const reasons: unknown[] = [];
  clock.sleep(1_000, clock.limit(5)).catch((error: unknown) => {
    reasons.push(error);
  });
  await kernel.run(limitMs);
  expect(reasons).toEqual([expect.objectContaining({ name: 'TimeoutError' })]);
});
