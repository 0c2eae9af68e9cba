import { expect, test } from 'vitest';
import { entryOfUrl, segmentsOf, segmentsOfUrl } from './file-path.ts';

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

test('tells a directory by the slash at its end', () => {
  for (const path of ['a/b%20c/', 'a%2Fb%20c%2f'])
    expect(entryOfUrl(path)).toEqual({ segments: ['a', 'b c'], isDirectory: true });
  expect(entryOfUrl('a')).toEqual({ segments: ['a'], isDirectory: false });
  for (const path of ['/', 'a//', '../', './', '//'])
    expect(() => entryOfUrl(path)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});

test('reads the empty path as the workspace itself', () => {
  expect(segmentsOf('')).toEqual([]);
});
