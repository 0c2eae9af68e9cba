import { namedIssues, parseVariables } from '@steppe/service-kit/config/load-config';
import { expect, it } from 'vitest';
import { dataPlaneVariables, toConfig } from './config.ts';
import { defaultTuning } from './data-plane-config.ts';

const least = {
  CONTROL_PLANE_URL: 'http://control-plane:8081',
  INTERNAL_KEY_FILE: '/keys/data-plane.json',
  AWS_REGION: 'eu-central-1',
  JWT_ISSUER: 'https://issuer',
  JWT_AUDIENCE: 'steppe',
  JWKS_FILE: '/jwks.json',
};
const issuesOf = (env: Record<string, string>) => {
  const parsed = parseVariables(dataPlaneVariables, env);
  return parsed.success ? '' : namedIssues(parsed.error).join('\n');
};

it('builds a configuration from only the required variables', () => {
  expect(toConfig(dataPlaneVariables.parse(least))).toEqual({
    dataPlane: {
      ...defaultTuning,
      host: '0.0.0.0',
      port: 8080,
      operatorPort: 9090,
      controlPlaneUrl: 'http://control-plane:8081',
      docsDirectory: expect.stringMatching(/docs$/),
    },
    caller: expect.objectContaining({
      authMode: 'jwt',
      issuers: ['https://issuer'],
      keys: { file: '/jwks.json' },
    }),
    internalKeyFile: '/keys/data-plane.json',
    dynamoDb: {
      region: 'eu-central-1',
      endpoint: undefined,
      tableName: 'steppe-sessions',
      timeLimitMs: 3_000,
      attemptTimeoutMs: 1_000,
      connectTimeoutMs: 500,
    },
    logLevel: 'info',
  });
});

it('converts units to those of the program', () => {
  const value = dataPlaneVariables.parse({
    ...least,
    ROUTE_STALE_SECONDS: '7',
    RATE_LIMIT_PER_SECOND: '200',
    AGENT_SILENCE_LIMIT_SECONDS: '20',
    ANSWER_STALL_LIMIT_SECONDS: '75',
    SHUTDOWN_LIMIT_SECONDS: '3',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
  });
  expect(toConfig(value).dataPlane).toMatchObject({
    routeCache: { staleMs: 7_000 },
    rateLimit: { requestsPerSecond: 200, burstSeconds: 5 },
    agentIdleTimeoutMs: 20_000,
    writeTimeoutMs: 75_000,
    shutdownLimitMs: 3_000,
    otlpEndpoint: 'http://collector:4318',
  });
});

it('gives a create more time than the control-plane may take for it', () => {
  const limits = (silence: string, create: string) =>
    issuesOf({
      ...least,
      CONTROL_PLANE_SILENCE_LIMIT_SECONDS: silence,
      PROVISIONING_LIMIT_SECONDS: create,
    });
  expect(limits('210', '180')).toBe('');
  expect(limits('180', '180')).toContain('must be above PROVISIONING_LIMIT_SECONDS');
});

it('names every invalid variable at once', () => {
  const text = issuesOf({ PORT: 'http', AUTH_MODE: 'jwt' });
  for (const name of ['PORT', 'CONTROL_PLANE_URL', 'INTERNAL_KEY_FILE', 'AWS_REGION'])
    expect(text).toContain(name);
});

it.each([
  'http://h/prefix',
  'http://h/?x=1',
  'http://h/prefix?x=1',
  'http://me:secret@h',
  'http://h/#x',
])(
  'refuses %s for the control-plane: anything besides host and port would be ignored',
  (CONTROL_PLANE_URL) => {
    expect(issuesOf({ ...least, CONTROL_PLANE_URL })).toBe(
      'CONTROL_PLANE_URL: must be an http URL of a host and a port alone',
    );
    expect(issuesOf({ ...least, CONTROL_PLANE_URL: 'http://h:8081/' })).toBe('');
  },
);

it('accepts origins for CORS, and refuses values that are not origins', () => {
  const value = dataPlaneVariables.parse({
    ...least,
    CORS_ORIGINS: 'https://app.test, http://localhost:3000',
  });
  expect(toConfig(value).dataPlane.corsOrigins).toEqual([
    'https://app.test',
    'http://localhost:3000',
  ]);
  for (const CORS_ORIGINS of [
    '*',
    'null',
    'app.test',
    'https://app.test/',
    'https://app.test/x',
    'https://app.test:443',
    'file://',
  ]) {
    expect(issuesOf({ ...least, CORS_ORIGINS })).toMatch(/^CORS_ORIGINS.*must be an origin/);
  }
});

it('refuses one port for callers and operator', () => {
  expect(issuesOf({ ...least, PORT: '8080', OPERATOR_PORT: '8080' })).toContain(
    'OPERATOR_PORT: must be another',
  );
});

it.each(['production', 'staging', ''])('refuses bypass if STEPPE_ENV is %j', (STEPPE_ENV) => {
  expect(issuesOf({ ...least, AUTH_MODE: 'bypass', STEPPE_ENV })).toContain('bypass is for');
  expect(issuesOf({ ...least, AUTH_MODE: 'bypass', STEPPE_ENV: 'development' })).toBe('');
});
