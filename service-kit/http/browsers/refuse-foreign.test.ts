import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { errorBodySchema } from '@steppe/contracts/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../process/logger.ts';
import { realParts } from '../../testing/real-parts.ts';
import { respondText } from '../call.ts';
import { createApi } from '../create-api.ts';
import { type HttpServer, listen } from '../server/http-server.ts';
import { loopbackHosts } from './refuse-foreign.ts';

let server: HttpServer;
beforeAll(async () => {
  const app = createApi({
    operations: {
      make: { method: 'POST', path: '/things', handle: (call) => respondText(call, 'made') },
    },
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: { observe: () => {} },
    servedHosts: loopbackHosts,
    corsOrigins: ['https://app.test'],
    ...realParts,
  });
  server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
});
afterAll(() => server.close(0));

/** PORT stands for the server's port. */
async function send(headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const withPort = Object.entries(headers).map(([name, value]) => [
    name,
    value.replace('PORT', String(server.port)),
  ]);
  const client = request({
    port: server.port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/things',
    agent: false,
  });
  for (const [name = '', value = ''] of withPort) client.setHeader(name, value);
  client.end();
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, text: await text(response) };
}

test.each<Record<string, string>>([
  { host: 'localhost:PORT' },
  { host: 'LocalHost' },
  { host: '127.0.0.1:PORT' },
  { host: '[::1]:PORT' },
  { host: '[::1]' },
  { host: 'localhost:PORT', origin: 'http://localhost:PORT' },
  { host: 'localhost', origin: 'http://localhost' },
  { host: 'localhost:443', origin: 'https://localhost' },
  { host: '[::1]:PORT', origin: 'http://[::1]:PORT' },
  { host: 'localhost:PORT', origin: 'https://app.test' },
])('serves %j', async (headers) => {
  expect(await send(headers)).toEqual({ status: 200, text: 'made' });
});

test.each<Record<string, string>>([
  { host: 'rebound.test:PORT' },
  { host: 'localhost.rebound.test' },
  { host: 'rebound.test', origin: 'http://rebound.test' },
  { host: '127.0.0.2' },
  { host: '0.0.0.0:PORT' },
  { host: '2130706433' },
  { host: 'localhost:PORT', origin: 'http://rebound.test' },
  { host: 'localhost:PORT', origin: 'http://rebound.test:PORT' },
  { host: 'localhost:PORT', origin: 'http://localhost.rebound.test:PORT' },
  { host: 'localhost:PORT', origin: 'http://localhost:1' },
  { host: 'localhost:PORT', origin: 'http://127.0.0.1:PORT' },
  { host: 'localhost:PORT', origin: 'https://app.test.rebound.test' },
  { host: 'localhost:PORT', origin: 'null' },
  { host: 'localhost:PORT', origin: '' },
])('refuses %j', async (headers) => {
  const { status, text: body } = await send(headers);
  expect({ status, code: errorBodySchema.parse(JSON.parse(body)).error.code }).toEqual({
    status: 403,
    code: 'insufficient_scope',
  });
});

test.each(['[::1', 'localhost@rebound.test', 'localhost:80:1'])(
  'refuses the invalid host %s',
  async (host) => {
    expect((await send({ host })).status).toBe(400);
  },
);
