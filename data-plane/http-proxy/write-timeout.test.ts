import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, expect, it } from 'vitest';
import { open, responseOf } from '../testing/call.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
const start = async (writeTimeoutMs: number) => {
  plane = await startTestDataPlane({ writeTimeoutMs });
};
afterEach(() => plane.closeAll());

const megabyte = Buffer.alloc(1024 * 1024, `: ${'x'.repeat(1020)}\n\n`);
const writeMegabytes = (count: number, res: ServerResponse): void => {
  const megabytes = Readable.from(Array.from({ length: count }, () => megabyte));
  void pipeline(megabytes, res).catch(() => {});
};
const openAs = (agentUrl: string, path: string) => {
  const { session_id } = plane.addSession(agentUrl);
  const client = open(plane.port, {
    path: `/v1/sessions/${session_id}/${path}`,
    headers: { authorization: plane.authorization },
  });
  client.end();
  return responseOf(client);
};

it.each([
  { path: 'files/big', type: 'application/octet-stream' },
  { path: 'steps/s1/events', type: 'text/event-stream' },
  { path: 'steps/s1', type: 'application/json' },
])(
  'cuts off a client that reads nothing of its response ($path), and frees the agent',
  async ({ path, type }) => {
    await start(200);
    const agent = await plane.startAgent((_, res) =>
      writeMegabytes(1000, res.writeHead(200, { 'content-type': type })),
    );
    const response = await openAs(agent.url, path);
    response.on('error', () => {}).socket.pause();
    await expect.poll(() => plane.requests()).toMatchObject([{ status: 200, outcome: 'stalled' }]);
    await expect.poll(() => agent.requests[0]?.destroyed).toBe(true);
    expect(agent.seen).toHaveLength(1);
    response.destroy();
  },
);

it('gives a slow client all of its response, however long it takes', async () => {
  const limitMs = 1_000;
  await start(limitMs);
  const agent = await plane.startAgent((_, res) => writeMegabytes(40, res.writeHead(200)));
  const response = await openAs(agent.url, 'files/big');
  const unread = await openAs(agent.url, 'files/big');
  unread.on('error', () => {}).socket.pause();
  let bytes = 0;
  let rested = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    // Slow until a client that started later and reads nothing was cut off.
    if (bytes < (rested + 1) * megabyte.length || plane.requests().length > 0) continue;
    rested += 1;
    await new Promise((resolve) => setTimeout(resolve, limitMs / 10));
  }
  expect(bytes).toBe(40 * megabyte.length);
  await expect
    .poll(() => plane.requests())
    .toMatchObject([{ outcome: 'stalled' }, { status: 200, outcome: 'ok' }]);
});
