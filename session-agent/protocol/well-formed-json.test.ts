import { expect, it } from 'vitest';
import { wellFormedJson } from './well-formed-json.ts';

it.each([
  ['\ud800', '\ufffd'],
  ['a\udfff\ud800b', 'a\ufffd\ufffdb'],
  ['😀 \\ud800 \\', '😀 \\ud800 \\'],
  ['\u0001\udc00', '\u0001\ufffd'],
])('keeps a text but for its lone surrogates: %j', (text, expected) => {
  expect(JSON.parse(wellFormedJson(JSON.stringify({ [text]: text })))).toEqual({
    [expected]: expected,
  });
});

it('keeps pairs that are written as escapes', () => {
  expect(wellFormedJson('"\\uD83D\\uDE00\\uD83D"')).toBe('"\\uD83D\\uDE00\ufffd"');
});
