import { expect, it } from 'vitest';
import type { ProxyOutcome } from './proxy-request.ts';
import { maxInterruptions, RetryBudget } from './retry-policy.ts';

const policy = { delaysMs: [100, 300, 900], random: () => 0.5 };
const error = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
const unconnected: ProxyOutcome = { kind: 'unconnected', error };
const interrupted = (brought: boolean): ProxyOutcome => ({
  kind: 'truncated',
  reason: 'broken',
  brought,
});

it('retries a connection three times, with growing delays', () => {
  const budget = new RetryBudget(policy);
  expect([1, 2, 3, 4].map(() => budget.delayAfter(unconnected, false))).toEqual([
    100,
    300,
    900,
    undefined,
  ]);
});

it('varies the delays by a quarter', () => {
  const delays = [0, 1].map((drawn) =>
    new RetryBudget({ ...policy, random: () => drawn }).delayAfter(unconnected, false),
  );
  expect(delays).toEqual([75, 125]);
});

it.each<ProxyOutcome>([
  { kind: 'broken', error },
  { kind: 'idle_timeout' },
  { kind: 'rejected', status: 421 },
  { kind: 'mismatched', status: 200 },
  { kind: 'responded', status: 503 },
  { kind: 'truncated', reason: 'broken', brought: true },
  { kind: 'client_left' },
  {
    kind: 'unconnected',
    error: Object.assign(new Error('bad header'), { code: 'UND_ERR_INVALID_ARG' }),
  },
])('does not retry what may have arrived or can never succeed: $kind', (outcome) => {
  expect(new RetryBudget(policy).delayAfter(outcome, false)).toBeUndefined();
});

it('resets the count of failed connections at another address and after a connection', () => {
  const budget = new RetryBudget(policy);
  expect(budget.delayAfter(unconnected, true)).toBe(100);
  budget.onMoved();
  expect(budget.delayAfter(unconnected, true)).toBe(100);
  expect(budget.delayAfter({ kind: 'broken', error }, true)).toBe(100);
  expect(budget.delayAfter(unconnected, true)).toBe(100);
});

it('resumes after three interruptions in a row; with progress, up to a maximum', () => {
  const inVain = new RetryBudget(policy);
  expect([1, 2, 3, 4].map(() => inVain.delayAfter(interrupted(false), true))).toEqual([
    100,
    300,
    900,
    undefined,
  ]);
  const budget = new RetryBudget(policy);
  for (let i = 0; i < maxInterruptions; i++)
    expect(budget.delayAfter(interrupted(true), true)).toBe(100);
  expect(budget.delayAfter(interrupted(true), true)).toBeUndefined();
});
