import { once } from 'node:events';
import { Readable } from 'node:stream';
import { errorBodySchema } from '@steppe/contracts/errors';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { open, readAll, responseOf } from '../testing/call.ts';
import { echo } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

const limitMs = 200;
let plane: TestDataPlane;
beforeEach(async () => {
  plane = await startTestDataPlane({ uploadStallLimitMs: limitMs });
});
afterEach(() => plane.closeAll());

const upload = (agentUrl: string, headers: Record<string, string>) => {
  const path = `/v1/sessions/${plane.addSession(agentUrl).session_id}/files/file`;
  return open(plane.port, {
    path,
    method: 'PUT',
    headers: { authorization: plane.authorization, ...headers },
  });
};
const forms = [{ 'content-length': '1000000' }, { 'transfer-encoding': 'chunked' }];

it.each(forms)(
  'gives up a stalled upload with an error message, and aborts it at the agent (%j)',
  async (form) => {
    const agent = await plane.startAgent((req) => req.resume());
    const client = upload(agent.url, form);
    client.write('some of it');
    const response = await readAll(await responseOf(client));
    expect(response.status).toBe(400);
    expect(response.headers.connection).toBe('close');
    const { error } = errorBodySchema.parse(JSON.parse(response.text));
    expect(error).toMatchObject({
      code: 'invalid_request',
      retryable: true,
      message: expect.stringContaining('the upload stalled for 0.2 s'),
    });
    const [request] = agent.requests;
    await expect.poll(() => request?.destroyed).toBe(true);
    expect(request?.complete).toBe(false);
    client.destroy();
  },
);

it('gives up an upload that only trickles', async () => {
  const agent = await plane.startAgent((req) => req.resume());
  const client = upload(agent.url, { 'transfer-encoding': 'chunked' });
  const trickle = setInterval(() => client.write('x'), limitMs / 10);
  const response = await readAll(await responseOf(client));
  clearInterval(trickle);
  expect(response.status).toBe(400);
  client.destroy();
});

it('lets an upload that makes progress take longer than the limit', async () => {
  const agent = await plane.startAgent(echo);
  const client = upload(agent.url, { 'transfer-encoding': 'chunked' });
  const piece = 'x'.repeat(2048);
  let pieces = 0;
  const progress = setInterval(() => {
    client.write(piece);
    pieces += 1;
  }, limitMs / 10);
  // Two uploads stall for the whole limit, one after the other, while this one makes progress.
  for (let stalled = 0; stalled < 2; stalled++) {
    const other = upload(agent.url, { 'transfer-encoding': 'chunked' });
    other.write('some of it');
    expect((await readAll(await responseOf(other))).status).toBe(400);
    other.destroy();
  }
  clearInterval(progress);
  client.end();
  const response = await readAll(await responseOf(client));
  expect(response.status).toBe(200);
  expect(JSON.parse(response.text).body).toBe(piece.repeat(pieces));
});

it('does not blame the client for an agent that reads nothing for a while', async () => {
  const agent = await plane.startAgent((req, res) => {
    setTimeout(() => echo(req, res), 4 * limitMs);
  });
  const piece = Buffer.alloc(1024 * 1024, 'x');
  const client = upload(agent.url, { 'content-length': String(32 * piece.length) });
  Readable.from(Array.from({ length: 32 }, () => piece)).pipe(client);
  const response = await responseOf(client);
  expect(response.statusCode).toBe(200);
  response.resume();
  await once(response, 'end');
});
