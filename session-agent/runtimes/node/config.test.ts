import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

const complete = {
  STEPPE_RUN_DIR: '/tmp/run',
  STEPPE_WORKSPACE: '/workspace',
  STEPPE_INSTANCE_ID: 'ins_1',
};

it('passes on only the variables of an allow-list', () => {
  const env = {
    ...complete,
    PATH: '/bin',
    LC_ALL: 'C',
    AWS_SECRET_ACCESS_KEY: 'x',
    NODE_OPTIONS: '--inspect',
  };
  expect(readConfig(env).inherited).toEqual({ PATH: '/bin', LC_ALL: 'C' });
});

it('rejects a socket path that Node would truncate', () => {
  expect(() => readConfig({ ...complete, STEPPE_RUN_DIR: `/${'x'.repeat(100)}` })).toThrow(
    'use a shorter STEPPE_RUN_DIR',
  );
});

it('names the missing variable', () => {
  expect(() => readConfig({ ...complete, STEPPE_WORKSPACE: undefined })).toThrow(
    'STEPPE_WORKSPACE is not set',
  );
});

it('reads whether it is the first of its instance', () => {
  expect(readConfig({ ...complete, STEPPE_SUPERVISOR_START: 'first' }).isFirst).toBe(true);
  expect(readConfig({ ...complete, STEPPE_SUPERVISOR_START: 'again' }).isFirst).toBe(false);
  expect(readConfig(complete).isFirst).toBe(false);
});

it('accepts stdin as the only lifeline', () => {
  expect(readConfig({ ...complete, STEPPE_LIFELINE: 'stdin' }).hasLifeline).toBe(true);
  expect(readConfig(complete).hasLifeline).toBe(false);
  expect(() => readConfig({ ...complete, STEPPE_LIFELINE: 'fd3' })).toThrow('STEPPE_LIFELINE');
});
