import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { realParts } from '../../testing/real-parts.ts';
import { testApi } from '../../testing/test-api.ts';
import { respondText } from '../call.ts';
import { listen } from './http-server.ts';

it('closes the connection with each response during shutdown, so no request is lost', async () => {
  let response = () => {};
  const held = new Promise<void>((resolve) => {
    response = resolve;
  });
  const app = testApi({
    'GET /held': (call) => held.then(() => respondText(call, 'held')),
    'GET /next': (call) => respondText(call, 'next'),
  });
  const server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
  const [open, begun, other] = [1, 2, 3].map(() =>
    connect(server.port, '127.0.0.1').on('error', () => {}),
  );
  if (!open || !begun || !other) throw new Error('three connections');
  open.write('GET /held HTTP/1.1\r\nHost: a\r\n\r\n');
  begun.write('GET /next HTTP/1.1\r\n');
  // When these have their responses, the requests sent before them have arrived.
  for (let i = 0; i < 3; i++) {
    other.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(String(await once(other, 'data'))).toContain('\r\nConnection: keep-alive\r\n');
  }

  const closed = server.close(10_000);
  begun.write('Host: a\r\n\r\n');
  response();
  const responses = await Promise.all([open, begun].map((socket) => once(socket, 'data')));
  for (const [bytes] of responses)
    expect(String(bytes)).toMatch(/^HTTP\/1.1 200 [\s\S]*\r\nConnection: close\r\n/);
  for (const socket of [open, begun, other]) socket.destroy();
  await closed;
});
