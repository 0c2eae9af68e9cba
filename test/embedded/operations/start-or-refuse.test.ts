import { join } from 'node:path';
import { sessionSchema } from '@steppe/contracts/session';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { controlPlaneVariables } from '../../../control-plane/config.ts';
import { dataPlaneVariables } from '../../../data-plane/config.ts';
import { namedIssues, parseVariables } from '../../../service-kit/config/load-config.ts';
import { runBundle } from '../../support/processes/run-bundle.ts';
import { prepareServices, type Services } from '../../support/processes/services.ts';

const environments = [
  undefined,
  '',
  'development',
  'test',
  'production',
  'Development',
  ' test',
  'staging',
  'prod',
  'test,development',
];
const modes = [undefined, '', 'jwt', 'bypass', 'BYPASS', 'none', 'garbage'];
const provisioners = [undefined, '', 'local-process', 'Local-Process', 'docker'];

const isOpen = (environment?: string) => environment === 'development' || environment === 'test';
const isJwt = (mode?: string) => mode === undefined || mode === '' || mode === 'jwt';

/** The configuration errors of a service, according to API.md; none if it may start. */
function complaintsOf(
  environment: string | undefined,
  mode: string | undefined,
  provisioner?: { name: string | undefined },
): string[] {
  const complaints: string[] = [];
  if (!isJwt(mode) && mode !== 'bypass') complaints.push('AUTH_MODE');
  if (mode === 'bypass' && !isOpen(environment)) complaints.push('AUTH_MODE');
  if (provisioner && !(provisioner.name === 'local-process' && isOpen(environment)))
    complaints.push('PROVISIONER');
  return complaints;
}

const shared = {
  JWT_ISSUER: 'https://issuer.test',
  JWT_AUDIENCE: 'steppe',
  JWKS_FILE: '/keys/jwks.json',
  INTERNAL_KEY_FILE: '/keys/key.json',
  AWS_REGION: 'eu-central-1',
};
const dataPlane = { ...shared, CONTROL_PLANE_URL: 'http://control-plane:8081' };
const controlPlane = {
  ...shared,
  AGENT_BUNDLE: '/dist/session-agent.cjs',
  RUNTIMES_DIR: '/dist/runtimes',
  PUBLIC_KEYS_DIR: '/keys/public',
  INSTANCES_DIR: '/run/steppe',
};

/** An environment has no undefined variables, so these are left out. */
const environmentOf = (variables: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );

function issuesOf(
  variables: typeof dataPlaneVariables | typeof controlPlaneVariables,
  env: Record<string, string>,
): string[] {
  const parsed = parseVariables(variables, env);
  return parsed.success ? [] : namedIssues(parsed.error);
}

const namesIn = (issues: readonly string[]) => issues.map((issue) => issue.split(':')[0]).sort();

describe.each(environments)('with STEPPE_ENV=%j', (STEPPE_ENV) => {
  describe.each(modes)('and AUTH_MODE=%j', (AUTH_MODE) => {
    test('a data-plane starts, or refuses in one sentence', () => {
      const issues = issuesOf(
        dataPlaneVariables,
        environmentOf({ ...dataPlane, STEPPE_ENV, AUTH_MODE }),
      );
      expect(namesIn(issues)).toEqual(complaintsOf(STEPPE_ENV, AUTH_MODE));
      for (const issue of issues) expect(issue).toMatch(/^[A-Z_]+: \S+ .+/);
    });

    test.each(provisioners)(
      'and PROVISIONER=%j, a control-plane starts or refuses in one sentence',
      (PROVISIONER) => {
        const issues = issuesOf(
          controlPlaneVariables,
          environmentOf({ ...controlPlane, STEPPE_ENV, AUTH_MODE, PROVISIONER }),
        );
        expect(namesIn(issues)).toEqual(complaintsOf(STEPPE_ENV, AUTH_MODE, { name: PROVISIONER }));
      },
    );
  });
});

describe.each([
  ['data-plane', dataPlaneVariables, dataPlane],
  ['control-plane', controlPlaneVariables, { ...controlPlane, PROVISIONER: 'local-process' }],
] as const)('the endpoint of a %s', (_, variables, least) => {
  const issuesWith = (DYNAMODB_ENDPOINT: string, STEPPE_ENV?: string) =>
    issuesOf(variables, environmentOf({ ...least, DYNAMODB_ENDPOINT, STEPPE_ENV }));

  test.each([undefined, '', 'production', 'staging'])(
    'may not be a socket with STEPPE_ENV=%j',
    (environment) => {
      expect(issuesWith('unix:/run/dynamodb.sock', environment)).toContainEqual(
        expect.stringMatching(
          /^DYNAMODB_ENDPOINT: a socket is for STEPPE_ENV=development or test alone/,
        ),
      );
    },
  );

  test('may be a URL or a socket with a short path', () => {
    for (const good of [
      'http://localhost:8000',
      'unix:/run/dynamodb.sock',
      `unix:/${'a'.repeat(99)}`,
    ]) {
      expect(issuesWith(good, 'test')).toEqual([]);
    }
    for (const bad of [
      'unix:run/dynamodb.sock',
      'unix:',
      'ftp://host',
      '/run/dynamodb.sock',
      `unix:/${'é'.repeat(50)}`,
    ]) {
      expect(issuesWith(bad, 'test')).toEqual([
        expect.stringMatching(/^DYNAMODB_ENDPOINT: (must be an http|the path of a socket must)/),
      ]);
    }
  });
});

describe('as processes', () => {
  let services: Services;
  beforeAll(async () => {
    services = await prepareServices();
  });
  afterAll(() => services.close());

  const refusals: [string, Record<string, string>, string][] = [
    [
      'data-plane',
      { ...dataPlane, AUTH_MODE: 'bypass' },
      'AUTH_MODE: bypass is for STEPPE_ENV=development or test alone',
    ],
    ['data-plane', { ...dataPlane, AUTH_MODE: 'BYPASS', STEPPE_ENV: 'test' }, 'AUTH_MODE: '],
    [
      'control-plane',
      { ...controlPlane, PROVISIONER: 'local-process', STEPPE_ENV: ' test' },
      'PROVISIONER: local-process is for',
    ],
    [
      'local',
      { STEPPE_ENV: 'Development', AUTH_MODE: 'bypass' },
      'STEPPE_ENV: local mode runs code as the person who started it',
    ],
  ];
  test.each(refusals)('%s with %j exits with 78 and says why', async (name, env, why) => {
    const { code, stdout, stderr } = await runBundle(name, env);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain(`  ${why}`);
  });

  test.each([
    ['data-plane', 'JWKS_FILE'],
    ['data-plane', 'INTERNAL_KEY_FILE'],
    ['control-plane', 'JWKS_FILE'],
    ['control-plane', 'INTERNAL_KEY_FILE'],
    ['control-plane', 'PUBLIC_KEYS_DIR'],
    ['control-plane', 'AGENT_BUNDLE'],
    ['control-plane', 'RUNTIMES_DIR'],
  ] as const)('%s exits with 78 if its %s cannot be used', async (name, variable) => {
    const file = join(services.directory, 'nowhere');
    const { code, stderr } = await runBundle(name, {
      ...services.environment(name),
      CONTROL_PLANE_URL: 'http://127.0.0.1:9',
      [variable]: file,
    });
    expect(code).toBe(78);
    expect(stderr).toMatch(new RegExp(`^  ${variable}: ${file}.* cannot be used: .*ENOENT`, 'm'));
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test.each([
    ['data-plane', ['JWKS_FILE', 'INTERNAL_KEY_FILE']],
    [
      'control-plane',
      [
        'JWKS_FILE',
        'INTERNAL_KEY_FILE',
        'PUBLIC_KEYS_DIR',
        'AGENT_BUNDLE',
        'RUNTIMES_DIR',
        'INSTANCES_DIR',
      ],
    ],
  ] as const)('%s names all that cannot be used at once', async (name, variables) => {
    const { code, stderr } = await runBundle(name, {
      ...services.environment(name),
      CONTROL_PLANE_URL: 'http://127.0.0.1:9',
      // No process can create this path.
      ...Object.fromEntries(variables.map((variable) => [variable, '/proc/nowhere'])),
    });
    expect(code).toBe(78);
    expect(new Set(stderr.match(/(?<=^ {2})[A-Z_]+(?=: )/gm))).toEqual(new Set(variables));
  });

  test('under bypass every call has the one tenant and all scopes, and every log line says so', async () => {
    const env = {
      AUTH_MODE: 'bypass',
      AUTH_BYPASS_TENANT: 'somebody',
      JWT_ISSUER: '',
      JWT_AUDIENCE: '',
      JWKS_FILE: '',
    };
    const controlPlane = await services.start('control-plane', env);
    const dataPlane = await services.start('data-plane', {
      ...env,
      CONTROL_PLANE_URL: controlPlane.url,
    });
    const created = await fetch(`${dataPlane.url}/v1/sessions`, {
      method: 'POST',
      headers: { authorization: 'Bearer of no use' },
    });
    expect([created.status, sessionSchema.parse(await created.json()).tenant_id]).toEqual([
      201,
      'somebody',
    ]);
    expect((await fetch(`${dataPlane.url}/v1/sessions`)).status).toBe(200);
    for (const service of [controlPlane, dataPlane]) {
      await expect
        .poll(() => service.log().filter(({ msg }) => msg === 'request').length)
        .toBeGreaterThanOrEqual(2);
      for (const line of service.log()) expect(line).toMatchObject({ auth_mode: 'bypass' });
      expect(service.log()).toContainEqual(
        expect.objectContaining({
          level: 'warn',
          msg: expect.stringContaining('authentication is bypassed'),
        }),
      );
    }
  });
});
