import { expect, it } from 'vitest';
import type { ProxyOutcome } from './proxy-request.ts';
import { retryDelay } from './retry-policy.ts';

const policy = { delaysMs: [100, 300, 900], random: () => 0.5 };
const error = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });

it('tries a connection three more times, later each time', () => {
  expect(
    [1, 2, 3, 4].map((tries) => retryDelay({ kind: 'unconnected', error }, tries, policy)),
  ).toEqual([100, 300, 900, undefined]);
});

it('varies the waiting times by a quarter', () => {
  const delays = [0, 1].map((drawn) =>
    retryDelay({ kind: 'unconnected', error }, 1, { ...policy, random: () => drawn }),
  );
  expect(delays).toEqual([75, 125]);
});

it.each<ProxyOutcome>([
  { kind: 'broken', error },
  { kind: 'idle_timeout' },
  { kind: 'rejected', status: 421 },
  { kind: 'responded', status: 503 },
  { kind: 'truncated', reason: 'broken', brought: true },
  { kind: 'client_left' },
  {
    kind: 'unconnected',
    error: Object.assign(new Error('bad header'), { code: 'UND_ERR_INVALID_ARG' }),
  },
])('does not try again what may have arrived or can never: $kind', (end) => {
  expect(retryDelay(end, 1, policy)).toBeUndefined();
});
