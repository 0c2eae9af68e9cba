import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCollector } from '../../../data-plane/testing/start-collector.ts';
import { connect } from '../../support/api/client.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { prepareServices, type Services } from '../../support/processes/services.ts';

let services: Services;
let collector: Awaited<ReturnType<typeof startCollector>>;
beforeAll(async () => {
  [services, collector] = await Promise.all([prepareServices(), startCollector()]);
});
afterAll(async () => {
  await services.close();
  collector.close();
});

test('a data-plane sends its spans before it exits, and exits cleanly', async () => {
  const env = {
    CONTROL_PLANE_URL: 'http://127.0.0.1:9',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  };
  const dataPlane = await services.start('data-plane', env);
  const client = connect(dataPlane.url, await services.tokenFor(newTenant()));
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
  const response = await client.call(
    'POST',
    `/v1/sessions/${newSessionId()}/steps`,
    { code: '1' },
    { traceparent },
  );
  expect(response.status).toBe(404);
  expect(await dataPlane.stop()).toBe(0);
  const attributes = expect.objectContaining({ 'steppe.outcome': 'session_not_found' });
  expect(collector.spans).toEqual([
    expect.objectContaining({ traceId, name: 'run_step', attributes }),
  ]);
});
