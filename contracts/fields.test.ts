import { expect, it } from 'vitest';
import { queryInteger } from './fields.ts';

it.each(['0', '101', '-1', '1.5', '1e1', 'many', ''])('tells the bounds when given %j', (text) => {
  const { error } = queryInteger(1, 100).safeParse(text);

  expect(error?.issues.map(({ message }) => message)).toEqual([
    'must be a whole number from 1 to 100',
  ]);
});

it('tells the lower bound alone if there is no real upper one', () => {
  const { error } = queryInteger(0, Number.MAX_SAFE_INTEGER).safeParse('-1');

  expect(error?.issues[0]?.message).toBe('must be a whole number from 0 on');
});
