import { createSessionSchema, patchSessionSchema } from '@steppe/contracts/session';
import { stepRequestSchema } from '@steppe/contracts/step-request';
import { expect, test } from 'vitest';
import { AppError } from './app-error.ts';
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
  const error = failure(stepRequestSchema, {
    code: 1,
    timeout_ms: 0,
    env: { 'A-B': 'x' },
    on_disconnect: 'no',
  });
  const paths = (error as { details: { issues: { path: string }[] } }).details.issues.map(
    ({ path }) => path,
  );
  expect(paths).toEqual(['code', 'timeout_ms', 'env.A-B', 'on_disconnect']);
});

test('explains the rules for a name', () => {
  const message = 'an environment name is [A-Za-z_][A-Za-z0-9_]*';
  expect(failure(createSessionSchema, { env: { 'A-B': 'x' } })).toMatchObject({
    message: `the body is not valid at env.A-B: ${message}`,
    details: { issues: [{ path: 'env.A-B', message }] },
  });
});

const metadataOf = (last: string) => {
  const full = 'x'.repeat(4095);
  return { a: full, b: full, c: full, d: last, e: '' };
};

test.each([
  [stepRequestSchema, { code: 'x'.repeat(1024 * 1024 + 1) }, 'code'],
  [stepRequestSchema, { code: 'é'.repeat(512 * 1024 + 1) }, 'code'],
  [stepRequestSchema, { code: '', env: { A: 'x'.repeat(256 * 1024) } }, 'env'],
  [createSessionSchema, { env: { A: 'x'.repeat(256 * 1024) } }, 'env'],
  [createSessionSchema, { metadata: metadataOf('x'.repeat(4095)) }, 'metadata'],
  [createSessionSchema, { metadata: metadataOf('é'.repeat(2048)) }, 'metadata'],
])('calls what is above a limit too large and names the limit (%#)', (schema, value, limit) => {
  expect(failure(schema, value)).toMatchObject({ code: 'payload_too_large', details: { limit } });
});

test('accepts metadata of 16 KiB in total, names and values together', () => {
  const metadata = metadataOf('x'.repeat(4094));
  expect(parseInput(createSessionSchema, { metadata }, 'body')).toMatchObject({ metadata });
});

const manyNames = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, value]));

test.each([
  ['bad names', stepRequestSchema, { code: '', env: manyNames(4_000, 'x') }, 'env.0', 3_980],
  ['bad values', createSessionSchema, { env: manyNames(4_000, 1) }, 'env.0', 3_980],
  ['unknown fields', createSessionSchema, manyNames(100_000, 1), '0, 1, 2', undefined],
  ['a long field', createSessionSchema, { ['x'.repeat(1_000_000)]: 1 }, 'xxx', undefined],
])(
  'keeps the refusal of %s short, and counts the issues that it leaves out',
  (_, schema, value, path, moreIssues) => {
    const error = failure(schema, value);
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe('invalid_request');
    expect(error.details.more_issues).toBe(moreIssues);
    expect(error.details.issues).toHaveProperty('0.path', expect.stringContaining(path));
    expect(JSON.stringify(error.toBody('r')).length).toBeLessThan(25_000);
  },
);

test.each([
  [
    stepRequestSchema,
    { code: '', env: manyNames(100_000, 'x') },
    'payload_too_large',
    'env is larger than',
  ],
  [
    createSessionSchema,
    { env: manyNames(100_000, null) },
    'payload_too_large',
    'env is larger than',
  ],
  [
    createSessionSchema,
    { env: manyNames(5_000, 1) },
    'invalid_request',
    'at env: at most 4096 pairs',
  ],
  [
    createSessionSchema,
    { metadata: manyNames(100_000, 1) },
    'invalid_request',
    'metadata: at most 16 pairs',
  ],
  [
    patchSessionSchema,
    { metadata: manyNames(100_000, 1) },
    'invalid_request',
    'metadata: at most 32 pairs',
  ],
])(
  'refuses a record of too many entries by their number, without an issue for each (%#)',
  (schema, value, code, message) => {
    const error = failure(schema, value);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error).not.toHaveProperty('details.more_issues');
  },
);

test.each([null, [], 'text', 3])('refuses %j if an object is expected', (value) => {
  expect(failure(stepRequestSchema, value)).toMatchObject({ code: 'invalid_request' });
});
