import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { echo } from '../testing/start-agent.ts';
import { startCollector } from '../testing/start-collector.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

const loaded = vi.hoisted(() => ({ openTelemetry: false }));
vi.mock('@opentelemetry/sdk-trace-base', async (importOriginal) => {
  loaded.openTelemetry = true;
  return importOriginal();
});

let collector: Awaited<ReturnType<typeof startCollector>>;
let plane: TestDataPlane | undefined;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  await plane?.closeAll();
  collector.close();
});

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const parent = `00-${traceId}-${spanId}-01`;

/** Runs a step with the given headers; returns those that its agent received. */
async function step(to: TestDataPlane, headers: Record<string, string>) {
  const agent = await to.startAgent(echo);
  const session = to.addSession(agent.url);
  const path = `/v1/sessions/${session.session_id}/steps`;
  const given = { 'content-type': 'application/json', ...headers };
  const response = await to.call({
    method: 'POST',
    path,
    headers: given,
    body: '{"code":"secret_code"}',
  });
  const got = JSON.parse(response.text).headers;
  return {
    session,
    stepId: response.headers['steppe-step-id'],
    traceparent: got.traceparent,
    tracestate: got.tracestate,
  };
}

// This test must come first: modules that a later test loads stay loaded.
it('forwards traces and loads nothing if no endpoint is set', async () => {
  plane = await startTestDataPlane();
  expect(await step(plane, { traceparent: parent, tracestate: 'a=1' })).toMatchObject({
    traceparent: parent,
    tracestate: 'a=1',
  });
  expect(await step(plane, { traceparent: 'none', tracestate: 'a=1' })).toMatchObject({
    traceparent: undefined,
    tracestate: undefined,
  });
  expect(loaded.openTelemetry).toBe(false);
});

it('sends a span of a step in its caller’s trace, which its agent continues', async () => {
  plane = await startTestDataPlane({ otlpEndpoint: `${collector.url}/` });
  expect(loaded.openTelemetry).toBe(true);
  const { session, stepId, traceparent, tracestate } = await step(plane, {
    traceparent: parent,
    tracestate: 'a=1',
  });
  await plane.close();
  expect(collector.spans).toMatchObject([
    {
      traceId,
      parentSpanId: spanId,
      name: 'run_step',
      attributes: {
        'http.route': '/v1/sessions/:session_id/steps',
        'steppe.session_id': session.session_id,
        'steppe.step_id': stepId,
        'steppe.outcome': 'ok',
      },
    },
  ]);
  expect([traceparent, tracestate]).toEqual([
    `00-${traceId}-${collector.spans[0]?.spanId}-01`,
    'a=1',
  ]);
  expect(JSON.stringify(collector.spans)).not.toMatch(/secret_code|Bearer/);
});

it('begins a new trace if the caller names no valid one', async () => {
  plane = await startTestDataPlane({ otlpEndpoint: collector.url });
  const { traceparent, tracestate } = await step(plane, {
    traceparent: `00-${'0'.repeat(32)}-${spanId}-01`,
    tracestate: 'a=1',
  });
  await plane.close();
  const [span] = collector.spans;
  expect(span?.parentSpanId ?? '').toBe('');
  expect([traceparent, tracestate]).toEqual([`00-${span?.traceId}-${span?.spanId}-01`, undefined]);
});

it('records nothing if the caller does not record its trace', async () => {
  plane = await startTestDataPlane({ otlpEndpoint: collector.url });
  const { traceparent } = await step(plane, { traceparent: `00-${traceId}-${spanId}-00` });
  await plane.close();
  expect(collector.spans).toEqual([]);
  expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
});

it('closes even while nobody accepts the spans, and logs that', async () => {
  const stalled = createServer(() => {}).listen(0, '127.0.0.1');
  await once(stalled, 'listening');
  const { port } = stalled.address() as { port: number };
  plane = await startTestDataPlane({ otlpEndpoint: `http://127.0.0.1:${port}` });
  await step(plane, {});
  await plane.close();
  stalled.close();
  expect(plane.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: 'trace export failed' }),
  );
});
