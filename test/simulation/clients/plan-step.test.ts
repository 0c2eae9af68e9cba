import { expect, test } from 'vitest';
import { createRandomStream } from '../kernel/random-stream.ts';
import { lineOf, parseProgram } from '../models/runtime/step-program.ts';
import { planStep } from './plan-step.ts';

const plans = Array.from({ length: 500 }, (_, seed) =>
  planStep(createRandomStream(seed, 'test'), 'one', `stp_${seed}`),
);

test('plans programs of every kind, with the output that they have', () => {
  const kinds = new Set<string>();
  for (const [seed, { code, output }] of plans.entries()) {
    const { session, actions } = parseProgram(code);
    expect(session).toBe('one');
    expect(output.startsWith(lineOf('one', `stp_${seed}`, 0))).toBe(true);
    for (const action of actions) kinds.add(action.do);
  }
  expect([...kinds].sort()).toEqual([
    'allocate',
    'background',
    'break_protocol',
    'display',
    'exit',
    'flood',
    'get',
    'hang',
    'ignore_interrupts',
    'orphan',
    'print',
    'raise',
    'set',
    'sleep',
  ]);
});

test('limits the time of each step that does not end by itself, and of no other', () => {
  for (const { code, timeoutMs } of plans)
    expect(/"hang"|"ignore_interrupts"/.test(code)).toBe(timeoutMs !== undefined);
});
