import { describe, expect, it } from 'vitest';
import { fakeStatus } from '../testing/fake-objects.ts';
import { readStatus } from './read-status.ts';

const kindOf = (...status: Parameters<typeof fakeStatus>) =>
  readStatus({ status: status[0], text: JSON.stringify(fakeStatus(...status)) }).kind;

describe('readStatus', () => {
  it.each([
    [400, 'BadRequest', 'invalid'],
    [401, 'Unauthorized', 'forbidden'],
    [403, 'Forbidden', 'forbidden'],
    [404, 'NotFound', 'not_found'],
    [409, 'AlreadyExists', 'already_exists'],
    [409, 'Conflict', 'conflict'],
    [410, 'Expired', 'gone'],
    [410, 'Gone', 'gone'],
    [422, 'Invalid', 'invalid'],
    [429, 'TooManyRequests', 'too_many_requests'],
    [500, 'InternalError', 'unavailable'],
    [503, 'ServiceUnavailable', 'unavailable'],
    [504, 'Timeout', 'timeout'],
  ])('reads %i %s as %s', (status, reason, kind) => {
    expect(kindOf(status, reason)).toBe(kind);
  });

  it('distinguishes an exceeded quota from other refusals by its message', () => {
    const message = 'pods "a" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=9';
    expect(kindOf(403, 'Forbidden', message)).toBe('quota_exceeded');
  });

  it('keeps the message of the API server, and the delay that it demands', () => {
    const status = fakeStatus(429, 'TooManyRequests', 'slow down', { retryAfterSeconds: 2 });
    const error = readStatus({ status: 429, text: JSON.stringify(status), retryAfter: '9' });
    expect(error).toMatchObject({ message: 'slow down', retryAfterMs: 2000, status: 429 });
    const other = readStatus({ status: 503, text: 'busy', retryAfter: '3' });
    expect(other).toMatchObject({ kind: 'unavailable', retryAfterMs: 3000 });
  });

  it('ignores a Retry-After that is a date or no number', () => {
    const retryAfter = 'Wed, 21 Oct 2026 07:28:00 GMT';
    expect(readStatus({ status: 429, text: '', retryAfter }).retryAfterMs).toBeUndefined();
  });
});
