import { innerHeaderBytes } from '@steppe/service-kit/config/variables';
import { type HttpServer, listen } from '@steppe/service-kit/http/server/http-server';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let inner: HttpServer;
let plane: TestDataPlane;
beforeEach(async () => {
  inner = await listen({
    app: (_, outgoing) => void outgoing.end('found room'),
    host: '127.0.0.1',
    port: 0,
    maxHeaderBytes: innerHeaderBytes,
    ...realParts,
  });
  plane = await startTestDataPlane({ controlPlaneUrl: `http://127.0.0.1:${inner.port}` });
});
afterEach(async () => {
  await plane.closeAll();
  await inner.close(0);
});

it.each(['an agent', 'the control-plane'])(
  'forwards nothing to %s if the headers are too large for it',
  async (to) => {
    const session = plane.addSession(`http://127.0.0.1:${inner.port}`);
    const path = to === 'an agent' ? `/v1/sessions/${session.session_id}/steps` : '/v1/sessions';
    const responses = new Set<string>();
    for (let size = 15_800; size < 16_400; size += 20) {
      const { status, text, headers } = await plane.call({
        path,
        headers: { 'x-large': 'x'.repeat(size) },
      });
      responses.add(
        `${status} ${status === 200 ? text : JSON.parse(text).error.request_id === headers['x-request-id']}`,
      );
    }
    expect([...responses]).toEqual(['200 found room', '431 true']);
  },
);
