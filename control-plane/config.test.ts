import { helpText, namedIssues, parseVariables } from '@steppe/service-kit/config/load-config';
import { describe, expect, it } from 'vitest';
import { controlPlaneVariables, toConfig } from './config.ts';

const given = {
  STEPPE_ENV: 'test',
  JWT_ISSUER: 'https://issuer.test',
  JWT_AUDIENCE: 'steppe',
  JWKS_FILE: '/keys/jwks.json',
  INTERNAL_KEY_FILE: '/keys/control-plane.key.json',
  AWS_REGION: 'eu-central-1',
  PROVISIONER: 'local-process',
  AGENT_BUNDLE: '/dist/session-agent.cjs',
  RUNTIMES_DIR: '/dist/runtimes',
  PUBLIC_KEYS_DIR: '/keys/public',
  INSTANCES_DIR: '/run/steppe',
};

const refusalOf = (env: Record<string, string>) => {
  const parsed = parseVariables(controlPlaneVariables, { ...given, ...env });
  return parsed.success ? '' : namedIssues(parsed.error).join('\n');
};

describe('PROVISIONER=local-process', () => {
  it.each(['development', 'test'])('is accepted if STEPPE_ENV is %s', (env) => {
    expect(refusalOf({ STEPPE_ENV: env })).toBe('');
  });

  it.each(['production', 'staging', 'Development', '', 'prod'])(
    'is refused if STEPPE_ENV is %j',
    (env) => {
      expect(refusalOf({ STEPPE_ENV: env })).toContain(
        'PROVISIONER: local-process is for STEPPE_ENV=development or test alone',
      );
    },
  );
});

describe('PROVISIONER=kubernetes', () => {
  const { AGENT_BUNDLE: _, RUNTIMES_DIR: __, ...others } = given;
  const kubernetes = {
    ...others,
    STEPPE_ENV: '',
    PROVISIONER: 'kubernetes',
    PUBLIC_KEYS_DIR: '',
    INSTANCES_DIR: '',
    SESSIONS_NAMESPACE: 'steppe-sessions',
    AGENT_IMAGE: 'steppe/session-agent:1',
  };
  const parsedOf = (env: Record<string, string>) =>
    parseVariables(controlPlaneVariables, { ...kubernetes, ...env });

  it('needs no variable of another provisioner, and its own ones are in its configuration', () => {
    const env = { STEPPE_MAX_CODE_BYTES: '1000', AWS_SECRET_ACCESS_KEY: 'secret' };
    const { data } = parsedOf({});
    const provisioner = data && toConfig(data, env).provisioner;
    expect(provisioner).toMatchObject({
      kind: 'kubernetes',
      namespace: 'steppe-sessions',
      publicKeysConfigMap: 'steppe-public-keys',
      routeAddress: 'service',
      agentVariables: { STEPPE_MAX_CODE_BYTES: '1000' },
      longestLifeMs: (86_400 + 3_600) * 1000,
    });
    expect(JSON.stringify(provisioner)).not.toContain('secret');
  });

  it.each([
    ['SESSIONS_NAMESPACE', 'must be set with PROVISIONER=kubernetes: the namespace'],
    ['AGENT_IMAGE', 'must be set with PROVISIONER=kubernetes: the image'],
  ])('requires %s, and says what it is', (name, message) => {
    const { error } = parsedOf({ [name]: '' });
    expect(error && namedIssues(error)).toEqual([expect.stringContaining(`${name}: ${message}`)]);
  });
});

it.each(['AGENT_BUNDLE', 'RUNTIMES_DIR', 'INSTANCES_DIR', 'PUBLIC_KEYS_DIR'])(
  'requires %s with PROVISIONER=local-process',
  (name) => {
    expect(refusalOf({ [name]: '' })).toBe(`${name}: must be set with PROVISIONER=local-process`);
  },
);

it('refuses an invalid provisioner, and bypass in production', () => {
  expect(refusalOf({ PROVISIONER: 'docker' })).toContain(
    'PROVISIONER: must be local-process or kubernetes',
  );
  expect(refusalOf({ PROVISIONER: '' })).toContain('PROVISIONER');
  expect(refusalOf({ STEPPE_ENV: '', AUTH_MODE: 'bypass' })).toContain('AUTH_MODE: bypass');
});

it('refuses a reconciler lease that is too short to last from one pass to the next', () => {
  expect(refusalOf({ RECONCILE_INTERVAL_SECONDS: '60', RECONCILE_LEASE_SECONDS: '61' })).toBe('');
  expect(refusalOf({ RECONCILE_INTERVAL_SECONDS: '60', RECONCILE_LEASE_SECONDS: '60' })).toContain(
    'RECONCILE_LEASE_SECONDS: must be',
  );
});

it('refuses the same port for callers and the operator', () => {
  expect(refusalOf({ PORT: '8081', OPERATOR_PORT: '8081' })).toContain(
    'OPERATOR_PORT: must be another',
  );
});

it('passes five environment variables to agents, and sets both interpreters', () => {
  const env = {
    ...given,
    PATH: '/bin',
    HOME: '/home/me',
    AWS_SECRET_ACCESS_KEY: 'secret',
    LANG: '',
  };
  const { provisioner, controlPlane } = toConfig(controlPlaneVariables.parse(given), env);
  expect(provisioner).toMatchObject({
    kind: 'local-process',
    hostVariables: { PATH: '/bin', HOME: '/home/me' },
    runtimesDirectory: '/dist/runtimes',
    interpreters: { python: 'python3', node: process.execPath },
  });
  expect(JSON.stringify(provisioner)).not.toContain('secret');
  expect(controlPlane).toMatchObject({
    port: 8081,
    limits: { sessionsPerTenant: 50, provisioningMs: 60_000 },
  });
  expect(controlPlane.reconciler).toEqual({
    intervalMs: 60_000,
    leaseMs: 150_000,
    graceMs: 30_000,
  });
});

it('describes the minimum of MAX_TTL_SECONDS, which is the default lifetime of a session', () => {
  expect(refusalOf({ MAX_TTL_SECONDS: '3599' })).toContain('MAX_TTL_SECONDS: ');
  expect(refusalOf({ MAX_TTL_SECONDS: '3600' })).toBe('');
  expect(controlPlaneVariables.shape.MAX_TTL_SECONDS.description).toContain('at least 3600');
});

it('lets an operator configure how fast a pool is filled', () => {
  const startsAtOnce = (env: object) =>
    toConfig(controlPlaneVariables.parse({ ...given, ...env }), {}).controlPlane.poolStartsAtOnce;
  expect([startsAtOnce({}), startsAtOnce({ STEPPE_POOL_STARTS_AT_ONCE: '7' })]).toEqual([2, 7]);
  expect(refusalOf({ STEPPE_POOL_STARTS_AT_ONCE: '0' })).toContain('STEPPE_POOL_STARTS_AT_ONCE: ');
});

it('describes every variable', () => {
  const lines = helpText('control-plane', controlPlaneVariables).trim().split('\n').slice(2);
  for (const line of lines) expect(line).toMatch(/^ {2}[A-Z_]+ +\S+ +\S/);
});
