import { expect, test } from 'vitest';
import { segmentsOf, segmentsOfUrl } from './file-path.ts';

test('decodes exactly once', () => {
  expect(segmentsOfUrl('a%20b/%25/%c3%bc')).toEqual(['a b', '%', 'ü']);
  expect(segmentsOfUrl('%252e%252e/x')).toEqual(['%2e%2e', 'x']);
});

test.each([
  '..',
  'a/../b',
  '.',
  'a/./b',
  '/a',
  'a//b',
  'a/',
  '%2e%2e',
  '..%2fx',
  'a%2f..%2fb',
  '%00',
  'a%00b',
  '%',
  '%zz',
  '%ff',
  'x'.repeat(256),
  'ü'.repeat(128),
  'x/'.repeat(2048).slice(0, -1).padEnd(4096, 'x'),
  'dir/.steppe-upload-1',
])('rejects %s', (path) => {
  expect(() => segmentsOfUrl(path)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});

test('reads the empty path as the workspace itself', () => {
  expect(segmentsOf('')).toEqual([]);
});
