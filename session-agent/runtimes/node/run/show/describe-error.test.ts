import { expect, it } from 'vitest';
import { describeError } from './describe-error.ts';
import { createStackFrames } from './stack-frames.ts';

const same = (stack: string): string => stack;

it('shows an error with its causes, once each', () => {
  const inner = new TypeError('inner');
  const error = new Error('outer', { cause: inner });
  Object.assign(inner, { cause: error });
  const { name, message, traceback } = describeError(error, same);
  expect({ name, message }).toEqual({ name: 'Error', message: 'outer' });
  expect(traceback[0]).toBe('Error: outer');
  expect(traceback).toContain('[cause]: TypeError: inner');
  expect(traceback.at(-1)).toBe('[cause]: …');
});

it('shows the errors of an AggregateError', () => {
  expect(
    describeError(new AggregateError([new Error('one'), 'two'], 'all'), same).traceback,
  ).toEqual(expect.arrayContaining(['[errors 0]: Error: one', "[errors 1]: 'two'"]));
});

it('names an error after its class if it has no own name', () => {
  class QuotaError extends Error {}
  const { name, traceback } = describeError(new QuotaError('full'), same);
  expect([name, traceback[0]]).toEqual(['QuotaError', 'QuotaError: full']);
});

it('shows the properties of an error without running getters', () => {
  const error = Object.assign(new Error('gone'), {
    code: 'E_GONE',
    response: { status: { code: 410 } },
  });
  Object.defineProperty(error, 'lazy', { enumerable: true, get: () => expect.unreachable() });
  expect(describeError(error, same).traceback.at(-1)).toBe(
    "{ code: 'E_GONE', response: [Object] }",
  );
});

it('describes a value that is not an error as Uncaught', () => {
  expect(describeError({ code: 1 }, same)).toEqual({
    name: 'Uncaught',
    message: '{ code: 1 }',
    traceback: ['Uncaught { code: 1 }'],
  });
  expect(describeError(undefined, same).message).toBe('undefined');
});

it('describes an error whose properties throw', () => {
  const error = new Error('fine');
  for (const key of ['stack', 'message', 'name', 'cause']) {
    Object.defineProperty(error, key, {
      get() {
        throw new Error('no');
      },
    });
  }
  expect(describeError(error, same)).toEqual({
    name: 'Error',
    message: '',
    traceback: ['Error: '],
  });
});

it('truncates long texts', () => {
  const { message, traceback } = describeError(new Error('x'.repeat(1_000_000)), same);
  expect(message.length).toBeLessThanOrEqual(256 * 1024);
  expect(traceback.join('\n').length).toBeLessThanOrEqual(256 * 1024);
});

it('leaves out frames of the driver, and all frames below the call of a step', () => {
  const { clean } = createStackFrames('/driver');
  const stack = [
    'Error: a',
    '    at show (/driver/worker.cjs:1:1)',
    '    at <step 1>:2:3',
    '    at steppe:call:1:1',
    '    at node:vm:1:1',
  ];
  expect(clean(stack.join('\n')).split('\n')).toEqual(['Error: a', '    at <step 1>:2:3']);
});
