import { stepRequestSchema } from '@steppe/contracts/step-request';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { errorMap } from './error-map.ts';

const wordsOf = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value, { error: errorMap }).error?.issues[0]?.message;

test.each([
  [{}, 'is missing; it must be a text'],
  [{ code: ['x'] }, 'must be a text, not a list'],
  [{ code: null }, 'must be a text, not null'],
  [{ code: '', timeout_ms: '5' }, 'must be a number, not a text'],
  [{ code: '', timeout_ms: 1.5 }, 'must be a whole number'],
  [{ code: '', timeout_ms: 0 }, 'must be at least 1'],
  [{ code: '', timeout_ms: 3_600_001 }, 'must be at most 3600000'],
  [{ code: '', wait: 1 }, 'must be true or false, not a number'],
  [{ code: '', cwd: '' }, 'must have at least 1 character'],
  [{ code: '', env: [] }, 'must be an object, not a list'],
  [{ code: '', on_disconnect: 'stop' }, 'must be one of continue, cancel'],
  [
    { code: '', tiemout_ms: 1 },
    'is unknown; known names are code, step_id, timeout_ms, epoch, env, cwd, on_disconnect, wait',
  ],
  [[], 'must be an object, not a list'],
])('says of %j what it must be', (request, words) => {
  expect(wordsOf(stepRequestSchema, request)).toBe(words);
});

test('uses a default message for unknown issues, and keeps the messages of schemas', () => {
  expect(wordsOf(z.strictObject({}), { page: '2' })).toBe('is unknown; no names are known here');
  expect(wordsOf(z.string().regex(/^\d+$/, 'a whole number'), 'x')).toBe('a whole number');
});
