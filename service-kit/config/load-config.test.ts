import { expect, test } from 'vitest';
import * as z from 'zod';
import { callerVariables, checkCallerVariables } from '../auth/caller/caller-variables.ts';
import { helpText, namedIssues, openAll, parseVariables, pickVariables } from './load-config.ts';
import { checkPorts } from './plane-variables.ts';
import { commonVariables, portVariable, requiredText } from './variables.ts';

const variables = z.object({
  PORT: portVariable.default(8080).describe('port to listen on'),
  NAME: requiredText.describe('a name'),
  MODE: z.enum(['a', 'b']).optional(),
});

test('names every wrong variable at once', () => {
  const parsed = parseVariables(variables, { PORT: '99999', MODE: 'c', NAME: '' });
  if (parsed.success) throw new Error('it should not parse');
  expect(namedIssues(parsed.error).map((text) => text.split(':')[0])).toEqual([
    'PORT',
    'NAME',
    'MODE',
  ]);
});

test('treats an empty variable as unset', () => {
  expect(parseVariables(variables, { PORT: '', NAME: 'n' }).data).toEqual({
    PORT: 8080,
    NAME: 'n',
  });
});

test('picks the named variables that are set', () => {
  expect(pickVariables({ A: 'a', B: '', C: undefined, D: 'd' }, ['A', 'B', 'C', 'E'])).toEqual({
    A: 'a',
  });
});

test('opens everything that variables name, or reports each failure', async () => {
  expect(await openAll({ A: Promise.resolve(1), B: Promise.resolve('b') })).toEqual({
    A: 1,
    B: 'b',
  });
  const cause = new Error('no such file');
  const openings = {
    B: Promise.reject(new Error('not now', { cause })),
    A: Promise.reject(new Error('no')),
    C: Promise.resolve(1),
  };
  expect(await openAll(openings)).toEqual({ complaints: ['A: no', 'B: not now: no such file'] });
});

test('requires two different ports of a service that has two, unless both are 0', () => {
  const ports = z.object({ PORT: portVariable, OPERATOR_PORT: portVariable }).check(checkPorts);
  const issuesOf = (PORT: string, OPERATOR_PORT: string) => {
    const parsed = parseVariables(ports, { PORT, OPERATOR_PORT });
    return parsed.success ? [] : namedIssues(parsed.error);
  };
  expect(issuesOf('8080', '8080')).toEqual(['OPERATOR_PORT: must be another than PORT, 8080']);
  expect([issuesOf('8080', '9090'), issuesOf('0', '0')]).toEqual([[], []]);
});

test('prints the table of variables', () => {
  expect(helpText('thing', variables).split('\n').slice(2)).toEqual([
    '  PORT  8080      port to listen on',
    '  NAME  required  a name',
    '  MODE  -         ',
    '',
  ]);
});

const withCaller = z
  .object({ STEPPE_ENV: commonVariables.STEPPE_ENV, ...callerVariables })
  .check(checkCallerVariables);
const jwt = { JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', JWKS_FILE: 'f' };

test.each([
  [{ AUTH_MODE: 'bypass', STEPPE_ENV: 'development' }, true],
  [{ AUTH_MODE: 'bypass', STEPPE_ENV: 'test' }, true],
  [{ AUTH_MODE: 'bypass', STEPPE_ENV: 'production' }, false],
  [{ AUTH_MODE: 'bypass', STEPPE_ENV: 'Development' }, false],
  [{ AUTH_MODE: 'bypass', STEPPE_ENV: 'staging' }, false],
  [{ AUTH_MODE: 'bypass', STEPPE_ENV: '' }, false],
  [{ AUTH_MODE: 'bypass' }, false],
  [{ AUTH_MODE: 'none', STEPPE_ENV: 'test' }, false],
  [{}, false],
  [jwt, true],
  [{ ...jwt, JWKS_URL: 'https://issuer.test/keys' }, false],
  [{ ...jwt, JWKS_FILE: '' }, false],
  [{ ...jwt, JWT_ALGORITHMS: 'HS256' }, false],
  [{ ...jwt, JWT_ALGORITHMS: 'none' }, false],
])('starts with %j: %s', (env, starts) => {
  expect(parseVariables(withCaller, env).success).toBe(starts);
});
