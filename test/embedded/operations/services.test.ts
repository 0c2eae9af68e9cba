import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../support/api/client.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { runBundle } from '../../support/processes/run-bundle.ts';
import { prepareServices, type Service, type Services } from '../../support/processes/services.ts';

describe('services as separate processes', () => {
  let services: Services;
  let controlPlane: Service;
  let replicas: [Service, Service];

  beforeAll(async () => {
    services = await prepareServices();
    controlPlane = await services.start('control-plane');
    const env = { CONTROL_PLANE_URL: controlPlane.url };
    replicas = [await services.start('data-plane', env), await services.start('data-plane', env)];
  });
  afterAll(() => services.close());

  const clientsOf = async (tenant = newTenant()): Promise<[Client, Client]> => {
    const token = await services.tokenFor(tenant);
    return [connect(replicas[0].url, token), connect(replicas[1].url, token)];
  };

  test('a session created through one replica continues through the other', async () => {
    const [first, second] = await clientsOf();
    const { session_id: id } = await first.createSession({ runtime: 'node' });
    await first.run(id, 'let x = 20');
    expect((await second.run(id, 'x + 22')).results).toMatchObject([{ 'text/plain': '42' }]);
  });

  test('the control-plane verifies callers itself', async () => {
    const [client] = await clientsOf();
    const direct = (authorization?: string) =>
      fetch(`${controlPlane.url}/v1/sessions`, { headers: authorization ? { authorization } : {} });
    expect((await direct()).status).toBe(401);
    expect((await direct('Bearer abc')).status).toBe(401);
    expect((await direct(`Bearer ${client.token}`)).status).toBe(200);
  });

  test('steps continue while the control-plane is down, and calls about sessions get an error', async () => {
    const own = await services.start('control-plane');
    const replica = await services.start('data-plane', { CONTROL_PLANE_URL: own.url });
    const client = connect(replica.url, await services.tokenFor(newTenant()));
    const other = connect(replica.url, client.token);
    // The session belongs to the control-plane that keeps running.
    const [viaStaying] = await clientsOf();
    const mine = connect(replica.url, viaStaying.token);
    const { session_id: id } = await viaStaying.createSession();
    await own.stop();
    expect(await mine.run(id, '6 * 7')).toMatchObject({
      status: 'completed',
      results: [{ 'text/plain': '42' }],
    });
    expect(await other.errorOf(other.call('GET', '/v1/sessions'))).toMatchObject({
      status: 503,
      code: 'runtime_unreachable',
      retryable: true,
    });
    expect(await replica.stop()).toBe(0);
  });

  test('each request writes one log line, with no code, output or token in it', async () => {
    const [client] = await clientsOf();
    const { session_id: id, instance_id } = await client.createSession();
    const requestId = `log-${id}`;
    const response = await client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      { code: 'print("s3cret")' },
      { 'x-request-id': requestId },
    );
    const stepId = response.headers.get('steppe-step-id');
    await response.text();
    const lines = () => replicas[0].log().filter((line) => line.request_id === requestId);
    await expect.poll(lines).toHaveLength(1);
    expect(lines()[0]).toMatchObject({
      operation: 'run_step',
      status: 200,
      outcome: 'ok',
      auth_mode: 'jwt',
      session_id: id,
      instance_id,
      step_id: stepId,
      target_endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      duration_ms: expect.any(Number),
    });
    const everything = JSON.stringify([...replicas[0].log(), ...controlPlane.log()]);
    expect(everything).not.toContain('s3cret');
    expect(everything).not.toContain(client.token);
  });

  test('liveness, readiness and metrics are served on a separate operator port', async () => {
    const [client] = await clientsOf();
    await client.call('GET', '/v1/sessions');
    for (const service of [controlPlane, replicas[0]]) {
      expect((await fetch(`${service.operatorUrl}/livez`)).status).toBe(200);
      expect((await fetch(`${service.operatorUrl}/readyz`)).status).toBe(200);
      const metrics = await (await fetch(`${service.operatorUrl}/metrics`)).text();
      expect(metrics).toMatch(/^steppe_http_requests_total\{.*operation="list_sessions".*\} \d+$/m);
      expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
    }
  });

  test('SIGTERM shuts each service down cleanly, with exit code 0', async () => {
    const own = await services.start('control-plane');
    const replica = await services.start('data-plane', { CONTROL_PLANE_URL: own.url });
    expect(await replica.stop()).toBe(0);
    expect(await own.stop()).toBe(0);
  });
});

describe.each(['control-plane', 'data-plane'])('%s', (name) => {
  test.each([undefined, '', 'production', 'staging', 'TEST'])(
    'refuses bypass with STEPPE_ENV=%s, in one sentence',
    async (env) => {
      const { code, stderr } = await runBundle(name, {
        AUTH_MODE: 'bypass',
        ...(env !== undefined && { STEPPE_ENV: env }),
      });
      expect(code).toBe(78);
      expect(stderr).toMatch(/AUTH_MODE: bypass is for STEPPE_ENV=development or test alone/);
    },
  );

  test('names every wrong variable at once', async () => {
    const { code, stdout, stderr } = await runBundle(name, { PORT: 'eighty', JWKS_URL: 'nowhere' });
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    for (const variable of ['PORT', 'JWKS_URL', 'INTERNAL_KEY_FILE', 'AWS_REGION'])
      expect(stderr).toContain(`  ${variable}: `);
  });

  test('refuses an argument, which would have no effect', async () => {
    const { code, stdout, stderr } = await runBundle(name, {}, ['--port=8080']);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain(
      '  --port=8080: unexpected argument; configure it through environment variables\n',
    );
  });

  test('prints its variables', async () => {
    const { code, stdout } = await runBundle(name, {}, ['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}PORT +80\d\d +port/m);
    expect(stdout).toMatch(/^ {2}INTERNAL_KEY_FILE +required/m);
  });
});
