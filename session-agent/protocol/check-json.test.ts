import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkJson } from './check-json.ts';

const check = (text: string, rules = { maxDepth: 64 }) => checkJson(Buffer.from(text), rules);
const isValid = (text: string): boolean => {
  try {
    check(text);
    return true;
  } catch {
    return false;
  }
};
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

test('accepts the output of JSON.stringify', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8, noUnicodeString: false }), (value) => {
      expect(isValid(JSON.stringify(value))).toBe(true);
    }),
  );
});

test('accepts the same near misses as JSON.parse, except white space between tokens', () => {
  const pieces = fc.constantFrom(
    ...'[]{}:,"\\ -+.0123eEtu',
    'true',
    'false',
    'null',
    '"a"',
    '"b":',
    '1.5e+3',
    '\\u00e',
    '\n',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      const hasSpace = /[\s]/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/gs, ''));
      expect({ text, isValid: isValid(text) }).toEqual({
        text,
        isValid: isJson(text) && !hasSpace,
      });
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  '',
  '[',
  '[]]',
  '[1,]',
  '[,1]',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{a:1}',
  '{]',
  '[}',
  '01',
  '-',
  '1.',
  '.5',
  '1e',
  '+1',
  'tru',
  'nulll',
  'NaN',
  'Infinity',
  '"a',
  '"\\x"',
  '"\\u12g4"',
  '"\\u12',
  '"\t"',
  '1 ',
  ' 1',
  '[1, 2]',
  '{"a": 1}',
  '{}\n',
  '1,2',
])('rejects %j', (text) => expect(() => check(text)).toThrow(SyntaxError));

test('limits the number of levels, and reads no deeper than that', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  check(nested(64));
  expect(() => check(nested(65))).toThrow(RangeError);
  expect(() => check('{"a":'.repeat(100_000))).toThrow(RangeError);
  expect(() => check('1', { maxDepth: 0 })).not.toThrow();
});

test('limits the number of values', () => {
  const rules = { maxDepth: 3, maxValues: 4 };
  check('[1,[],{"a":1}]'.replace('1,', ''), rules);
  expect(() => check('[1,[],{"a":1}]', rules)).toThrow('too many values');
});

test('reports only the keys of the outermost object, and the positions of their values', () => {
  const text = '{"a/b":{"c":1},"d\\"":[{"e":2}]}';
  const keys: string[] = [];
  checkJson(Buffer.from(text), {
    maxDepth: 8,
    onKey: (start, end, valueStart) => keys.push(`${text.slice(start, end)} ${text[valueStart]}`),
  });
  expect(keys).toEqual(['"a/b" {', '"d\\"" [']);
});
