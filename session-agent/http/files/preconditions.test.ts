import { fileConditionsSchema } from '@steppe/contracts/file';
import { describe, expect, test } from 'vitest';
import { checkOf, isKnown, isStillSame } from './file-request.ts';

const current = { etag: '"now"', modifiedAt: new Date('2026-01-02T03:04:05.678Z'), sizeBytes: 1 };
const sameSecond = 'Fri, 02 Jan 2026 03:04:05 GMT';
const before = 'Fri, 02 Jan 2026 03:04:04 GMT';
const failed = expect.objectContaining({ code: 'precondition_failed', details: { etag: '"now"' } });

const writes = (headers: object, file: typeof current | undefined = current) => {
  const check = checkOf(fileConditionsSchema.parse(headers));
  return () => check?.(file);
};
const isKnownBy = (headers: object) => isKnown(fileConditionsSchema.parse(headers), current);

describe('a write', () => {
  test.each([
    {},
    { 'if-match': '"now"' },
    { 'if-match': '"old" ,"now"' },
    { 'if-match': '*' },
    { 'if-none-match': '"old"' },
    { 'if-unmodified-since': sameSecond },
    { 'if-unmodified-since': 'yesterday' },
    // The tag takes precedence over the date.
    { 'if-match': '"now"', 'if-unmodified-since': before },
    { 'if-modified-since': sameSecond },
  ])('proceeds under %j', (headers) => {
    expect(writes(headers)).not.toThrow();
  });

  test.each([
    { 'if-match': '"old"' },
    { 'if-match': 'W/"now"' },
    { 'if-none-match': '*' },
    { 'if-none-match': '"old", "now"' },
    { 'if-none-match': 'W/"now"' },
    { 'if-unmodified-since': before },
    { 'if-match': '"now"', 'if-none-match': '*' },
  ])('fails under %j', (headers) => {
    expect(writes(headers)).toThrow(failed);
  });

  test('of a missing file fails only if the condition expects a file', () => {
    for (const wanted of ['*', '"now"']) {
      expect(() => checkOf({ 'if-match': wanted })?.(undefined)).toThrow(
        expect.objectContaining({ details: { etag: null } }),
      );
    }
    for (const headers of [
      { 'if-none-match': '*' },
      { 'if-none-match': '"now"' },
      { 'if-unmodified-since': before },
    ]) {
      expect(() => checkOf(headers)?.(undefined)).not.toThrow();
    }
  });
});

describe('a reader', () => {
  test.each([
    { 'if-none-match': '"now"' },
    { 'if-none-match': 'W/"now"' },
    { 'if-none-match': '*' },
    { 'if-modified-since': sameSecond },
    { 'if-match': '"now"', 'if-none-match': '"now"' },
  ])('has the current version under %j', (headers) => {
    expect(isKnownBy(headers)).toBe(true);
  });

  test.each([
    {},
    { 'if-none-match': '"old"' },
    { 'if-modified-since': before },
    { 'if-modified-since': 'yesterday' },
    { 'if-none-match': '"old"', 'if-modified-since': sameSecond },
    { 'if-match': '*' },
  ])('gets the file under %j', (headers) => {
    expect(isKnownBy(headers)).toBe(false);
  });

  test('gets an error if it requires another version', () => {
    expect(() => isKnownBy({ 'if-match': '"old"' })).toThrow(failed);
    expect(() => isKnownBy({ 'if-unmodified-since': before })).toThrow(failed);
  });
});

test('a part is sent only of the same version of the file', () => {
  expect(isStillSame(undefined, current)).toBe(true);
  expect(isStillSame('"now"', current)).toBe(true);
  for (const other of ['"old"', 'W/"now"', sameSecond, 'nonsense'])
    expect(isStillSame(other, current)).toBe(false);
});

test.each(['now', '"now', '*, "now"', '"a" "b"', ''])('%j is not a valid list of tags', (list) => {
  expect(fileConditionsSchema.safeParse({ 'if-match': list }).success).toBe(false);
});
