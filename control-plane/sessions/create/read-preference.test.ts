import { expect, it } from 'vitest';
import { prefersAsync } from './read-preference.ts';

it.each([
  'respond-async',
  '\t respond-async ',
  'wait=10, Respond-Async',
  'respond-async; x=1',
  'respond-async;x="a, b";y',
  'respond-async = ""',
  'respond-async=',
  'x="a\\"", respond-async',
  ', ,respond-async',
])('takes %j for an asynchronous request', (list) => {
  expect(prefersAsync(list)).toBe(true);
});

it.each([
  '',
  'return=minimal; respond-async',
  'x="a, respond-async, b"',
  'x="\\", respond-async, "',
  'respond-async=no',
  'respond-async=" "',
  'respond-async==',
  'respond-async x',
  'xrespond-async',
])('takes %j for none', (list) => {
  expect(prefersAsync(list)).toBe(false);
});
