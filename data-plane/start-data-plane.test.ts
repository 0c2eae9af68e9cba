import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { tenantIdSchema } from '@steppe/contracts/ids';
import { createBypassVerifier } from '@steppe/service-kit/auth/caller/principal';
import { afterEach, expect, it } from 'vitest';
import { call, open, readAll, responseOf } from './testing/call.ts';
import { echo, unusedUrl } from './testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from './testing/start-test-data-plane.ts';

let plane: TestDataPlane;
afterEach(() => plane.closeAll());

it('serves its health and its metrics on the operator port', async () => {
  plane = await startTestDataPlane();
  const agent = await plane.startAgent(echo);
  const { session_id } = plane.addSession(agent.url);
  await plane.call({ path: `/v1/sessions/${session_id}/steps` });
  expect((await call(plane.operatorPort, { path: '/livez' })).status).toBe(200);
  expect((await call(plane.operatorPort, { path: '/readyz' })).status).toBe(200);
  const { text } = await call(plane.operatorPort, { path: '/metrics' });
  expect(text).toContain('steppe_routes_total{source="miss",service="data-plane"} 1');
  expect(text).toMatch(/steppe_forward_added_seconds_count\{.*\} 1/);
  expect(text).toContain('steppe_upstream_connections{state="idle",service="data-plane"} 1');
  expect(text).toContain('steppe_upstream_connections{state="busy",service="data-plane"} 0');
  for (const name of [
    'steppe_upstream_retries_total',
    'steppe_upstream_resumptions_total',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    expect(text).toContain(`# TYPE ${name} `);
  }
  expect(text).toContain(
    'steppe_http_requests_total{operation="list_steps",status="200",outcome="ok",service="data-plane"} 1',
  );
  expect((await plane.call({ path: '/metrics' })).status).toBe(404);
});

it('warns about bypass at startup and names it in each log line', async () => {
  const tenant = tenantIdSchema.parse('development');
  plane = await startTestDataPlane({}, { verifier: createBypassVerifier(tenant) });
  expect(plane.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', auth_mode: 'bypass' }),
  );
  await call(plane.port, { path: '/v1/nothing' });
  await expect.poll(() => plane.requests()).toMatchObject([{ auth_mode: 'bypass' }]);
});

it('lets a running request finish when it closes', async () => {
  plane = await startTestDataPlane();
  let running: ServerResponse | undefined;
  const agent = await plane.startAgent((_, res) => {
    running = res;
    res.writeHead(200).write('first ');
  });
  const { session_id } = plane.addSession(agent.url);
  const path = `/v1/sessions/${session_id}/steps`;
  const client = open(plane.port, { path, headers: { authorization: plane.authorization } });
  client.end();
  const response = await responseOf(client);
  const closed = plane.close();
  await expect
    .poll(() => call(plane.port, { path }).catch((error) => error.code))
    .toBe('ECONNREFUSED');
  expect((await call(plane.operatorPort, { path: '/readyz' })).status).toBe(503);
  running?.end('last');
  expect((await readAll(response)).text).toBe('first last');
  await closed;
});

it('cuts off requests that still run after the shutdown limit', async () => {
  plane = await startTestDataPlane({ shutdownLimitMs: 50 });
  let isLetGo = false;
  const agent = await plane.startAgent((_, res) => {
    res.writeHead(200).write('first');
    res.on('close', () => {
      isLetGo = true;
    });
  });
  const { session_id } = plane.addSession(agent.url);
  const client = open(plane.port, {
    path: `/v1/sessions/${session_id}/steps`,
    headers: { authorization: plane.authorization },
  });
  client.end();
  const response = await responseOf(client);
  const broken = once(response, 'error');
  response.resume();
  await plane.close();
  expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
  await expect.poll(() => isLetGo).toBe(true);
});

it('fails to start on an occupied port, and leaves nothing open', async () => {
  plane = await startTestDataPlane();
  const { port } = plane;
  const operatorPort = Number(new URL(await unusedUrl()).port);
  await expect(startTestDataPlane({ port, operatorPort })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await expect(call(operatorPort, { path: '/livez' })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});
