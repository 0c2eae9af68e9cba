import { createSessionSchema } from '@steppe/contracts/session';
import { stepRequestSchema } from '@steppe/contracts/step';
import { expect, test } from 'vitest';
import { parseInput } from './parse-input.ts';

const failure = (schema: Parameters<typeof parseInput>[0], value: unknown) => {
  try {
    parseInput(schema, value, 'body');
  } catch (error) {
    return error;
  }
  throw new Error('it should not parse');
};

test('names an unknown field', () => {
  expect(failure(stepRequestSchema, { code: '', cod: '' })).toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('cod'),
    details: { issues: [{ path: 'cod' }] },
  });
});

test('lists every issue', () => {
  const error = failure(stepRequestSchema, { code: 1, timeout_ms: 0, env: { 'A-B': 'x' }, on_disconnect: 'no' });
  const paths = (error as { details: { issues: { path: string }[] } }).details.issues.map(({ path }) => path);
  expect(paths).toEqual(['code', 'timeout_ms', 'env.A-B', 'on_disconnect']);
});

test.each([
  [stepRequestSchema, { code: 'x'.repeat(1024 * 1024 + 1) }, 'code'],
  [stepRequestSchema, { code: 'é'.repeat(512 * 1024 + 1) }, 'code'],
  [stepRequestSchema, { code: '', env: { A: 'x'.repeat(256 * 1024) } }, 'env'],
  [createSessionSchema, { env: { A: 'x'.repeat(256 * 1024) } }, 'env'],
])('calls what is above a limit too large and names the limit (%#)', (schema, value, limit) => {
  expect(failure(schema, value)).toMatchObject({ code: 'payload_too_large', details: { limit } });
});

test.each([null, [], 'text', 3])('refuses %j where an object is wanted', (value) => {
  expect(failure(stepRequestSchema, value)).toMatchObject({ code: 'invalid_request' });
});
