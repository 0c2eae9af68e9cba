import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createLogger } from '../../process/logger.ts';
import { realParts } from '../../testing/real-parts.ts';
import { type Call, respondText } from '../call.ts';
import { createApi } from '../create-api.ts';
import type { ApiOperation } from '../route-table.ts';
import { type HttpServer, listen } from './http-server.ts';

const limitMs = 100;
let server: HttpServer;
let client: Socket;
afterEach(async () => {
  client.destroy();
  await server.close(0);
});

const respondMuch = (call: Call) => respondText(call, 'x'.repeat(64 * 1024 * 1024));
const outcomes: unknown[] = [];
async function serve(handle: ApiOperation['handle']): Promise<void> {
  outcomes.length = 0;
  const write = (line: string) => void outcomes.push(JSON.parse(line).outcome);
  const app = createApi({
    operations: {
      probe: { method: 'GET', path: '/probe', handle },
      large: {
        method: 'GET',
        path: '/large',
        handle: respondMuch,
      },
    },
    logger: createLogger({ service: 'test', level: 'info', to: { write } }),
    metrics: { observe: () => {} },
    writeTimeoutMs: limitMs,
    ...realParts,
  });
  server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
  client = connect(server.port, '127.0.0.1');
}
const sendRequest = () => client.write('GET /probe HTTP/1.1\r\nHost: a\r\n\r\n');
const stalled = () => outcomes.filter((outcome) => outcome === 'stalled').length;
/** Resolves when another client that did not read in the meantime was cut off. */
async function restForLimit(): Promise<void> {
  const before = stalled();
  const other = connect(server.port, '127.0.0.1').pause();
  other.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(stalled).toBe(before + 1);
  other.destroy();
}

it('cuts off a client that does not read a complete response', async () => {
  await serve(respondMuch);
  client.pause();
  sendRequest();
  await expect.poll(() => outcomes).toEqual(['stalled']);
});

it('cuts off a client that stops reading after a long wait', async () => {
  await serve(async (call) => {
    await restForLimit();
    respondMuch(call);
  });
  sendRequest();
  await once(client, 'data');
  client.pause();
  await expect.poll(stalled).toBe(2);
});

it('does not cut off a waiting client, nor its connection between two requests', async () => {
  await serve(async (call) => {
    await restForLimit();
    respondText(call, 'late');
  });
  for (let sent = 1; sent <= 2; sent++) {
    sendRequest();
    expect(String(await once(client, 'data'))).toMatch(/^HTTP\/1.1 200 [\s\S]*late$/);
    await restForLimit();
    expect(client.closed).toBe(false);
  }
  expect(outcomes.filter((outcome) => outcome !== 'stalled')).toEqual(['ok', 'ok']);
});
