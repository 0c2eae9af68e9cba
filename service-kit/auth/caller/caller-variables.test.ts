import { expect, test } from 'vitest';
import * as z from 'zod';
import { namedIssues, parseVariables } from '../../config/load-config.ts';
import { commonVariables } from '../../config/variables.ts';
import { callerVariables, checkCallerVariables, toCallerConfig } from './caller-variables.ts';

const variables = z.object({ ...commonVariables, ...callerVariables }).check(checkCallerVariables);
const least = {
  JWT_ISSUER: 'https://issuer.test',
  JWT_AUDIENCE: 'steppe',
  JWKS_FILE: '/jwks.json',
};
const issuesOf = (env: Record<string, string>) => {
  const parsed = parseVariables(variables, { ...least, ...env });
  return parsed.success ? [] : namedIssues(parsed.error);
};
const configOf = (env: Record<string, string>) =>
  toCallerConfig(variables.parse({ ...least, ...env }));

test.each<[Record<string, string>, RegExp]>([
  [{ JWT_ISSUER: '' }, /^JWT_ISSUER: must be set/],
  [{ JWT_AUDIENCE: ' , ' }, /^JWT_AUDIENCE: must be set/],
  [{ JWKS_FILE: '' }, /^JWKS_URL: set exactly one/],
  [{ JWKS_URL: 'https://issuer.test/jwks' }, /^JWKS_URL: set exactly one/],
  [{ JWKS_FILE: '', JWKS_URL: 'file:///etc/jwks' }, /^JWKS_URL: /],
  [{ JWT_ALGORITHMS: 'HS256' }, /^JWT_ALGORITHMS/],
  [{ JWT_ALGORITHMS: 'RS256,none' }, /^JWT_ALGORITHMS/],
  [{ JWT_ALGORITHMS: ',' }, /^JWT_ALGORITHMS/],
  [{ JWT_SCOPE_CLAIM: ',' }, /^JWT_SCOPE_CLAIM/],
  [{ JWT_SCOPE_MAP: 'admin=steps:run' }, /^JWT_SCOPE_MAP: must be a JSON object/],
  [{ JWT_SCOPE_MAP: '["steps:run"]' }, /^JWT_SCOPE_MAP/],
  [
    { JWT_SCOPE_MAP: '{"admin":["steps:all"]}' },
    /^JWT_SCOPE_MAP\.admin: must be one of sessions:read, .*steps:run, or a list/,
  ],
  [
    { JWT_SCOPE_MAP: '{"admin":"all"}' },
    /^JWT_SCOPE_MAP\.admin: must be one of sessions:read, .*steps:run, or a list/,
  ],
  [{ JWT_DEFAULT_SCOPES: 'steps:run,admin' }, /^JWT_DEFAULT_SCOPES/],
  [{ JWT_MAX_AGE_SECONDS: '0' }, /^JWT_MAX_AGE_SECONDS/],
  [{ AUTH_BYPASS_HOSTS: 'localhost:8080' }, /^AUTH_BYPASS_HOSTS.*must be a host without a port/],
  [{ AUTH_BYPASS_HOSTS: '::1' }, /^AUTH_BYPASS_HOSTS.*must be a host without a port/],
  [{ AUTH_BYPASS_HOSTS: '*' }, /^AUTH_BYPASS_HOSTS.*must be a host without a port/],
  [{ AUTH_BYPASS_HOSTS: ',' }, /^AUTH_BYPASS_HOSTS/],
  [{ JWT_CLOCK_TOLERANCE_SECONDS: '301' }, /^JWT_CLOCK_TOLERANCE_SECONDS/],
])('refuses %j by its name', (env, why) => {
  expect(issuesOf(env)).toEqual([expect.stringMatching(why)]);
});

test('accepts lists with commas, and spaces around the entries', () => {
  expect(
    configOf({
      JWT_ISSUER: 'https://a.test, https://b.test',
      JWT_AUDIENCE: 'one,two',
      JWT_ALGORITHMS: 'ES256, EdDSA',
      JWT_SCOPE_CLAIM: 'scp, roles',
      JWT_DEFAULT_SCOPES: 'sessions:read, steps:run',
    }),
  ).toMatchObject({
    issuers: ['https://a.test', 'https://b.test'],
    audiences: ['one', 'two'],
    algorithms: ['ES256', 'EdDSA'],
    scopeClaims: ['scp', 'roles'],
    defaultScopes: ['sessions:read', 'steps:run'],
  });
});

test('maps a scope name of the issuer to one scope or a list', () => {
  expect(
    configOf({ JWT_SCOPE_MAP: '{"viewer":"sessions:read","user":["sessions:read","steps:run"]}' }),
  ).toMatchObject({
    scopeMap: new Map([
      ['viewer', ['sessions:read']],
      ['user', ['sessions:read', 'steps:run']],
    ]),
  });
});

test('needs no token settings under bypass', () => {
  const env = {
    STEPPE_ENV: 'test',
    AUTH_MODE: 'bypass',
    JWT_ISSUER: '',
    JWT_AUDIENCE: '',
    JWKS_FILE: '',
  };
  const hosts = ['localhost', '127.0.0.1', '[::1]'];
  expect(configOf(env)).toEqual({ authMode: 'bypass', tenant: 'development', hosts });
});

test('accepts the hosts that are served under bypass', () => {
  const env = { STEPPE_ENV: 'test', AUTH_MODE: 'bypass', AUTH_BYPASS_HOSTS: 'Dev.test, [::1]' };
  expect(configOf(env)).toMatchObject({ hosts: ['dev.test', '[::1]'] });
});
