import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { createLogger } from '../process/logger.ts';
import { realParts } from '../testing/real-parts.ts';
import { respondText } from './call.ts';
import { createApi } from './create-api.ts';
import { createHttpMetrics, createRegistry } from './http-metrics.ts';
import type { ApiOperation } from './route-table.ts';
import { type HttpServer, listen } from './server/http-server.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0);
});

const serve = async (handle: ApiOperation['handle']) => {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    service: 'test',
    level: 'info',
    to: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const metrics = createHttpMetrics(createRegistry('test'));
  const app = createApi({
    operations: { probe: { method: 'GET', path: '/probe', handle } },
    logger,
    metrics,
    ...realParts,
  });
  const server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
  servers.push(server);
  const call = (method: string): ClientRequest =>
    request({ host: '127.0.0.1', port: server.port, path: '/probe', method, agent: false });
  return { lines, call };
};

it('logs a client that left before its response as aborted', async () => {
  let enter = () => {};
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const { lines, call } = await serve(async (call) => {
    enter();
    await once(call.outgoing, 'close');
    respondText(call, 'too late');
  });
  const client = call('GET').on('error', () => {});
  client.end();
  await entered;
  client.destroy();
  await expect
    .poll(() => lines)
    .toMatchObject([{ status: 499, outcome: 'aborted', operation: 'probe' }]);
});

it('logs a client that left during its response as aborted, even at its end', async () => {
  const { lines, call } = await serve((call) => respondText(call, 'x'.repeat(64 * 1024 * 1024)));
  const client = call('GET').on('error', () => {});
  client.end();
  await once(client, 'response');
  client.destroy();
  await expect.poll(() => lines).toMatchObject([{ status: 200, outcome: 'aborted' }]);
});

it("does not change a response to HEAD that was written to Node's own response", async () => {
  const { lines, call } = await serve(({ outgoing }) => {
    outgoing.writeHead(200, { 'content-length': '7', 'x-raw': 'yes' }).end('1234567');
  });
  for (const method of ['HEAD', 'GET']) {
    const client = call(method);
    client.end();
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    expect(response.headers).toMatchObject({ 'content-length': '7', 'x-raw': 'yes' });
    response.resume();
    await once(response, 'end');
  }
  await expect.poll(() => lines).toMatchObject([{ outcome: 'ok' }, { outcome: 'ok' }]);
});
