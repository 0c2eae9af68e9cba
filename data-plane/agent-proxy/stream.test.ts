import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { open, readAll, responseOf } from '../testing/call.ts';
import { echo, unusedUrl } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
beforeEach(async () => {
  plane = await startTestDataPlane();
});
afterEach(() => plane.closeAll());

const megabyte = randomBytes(1024 * 1024);
const fileOf = (session: ReadyRecord) => `/v1/sessions/${session.session_id}/files/big.bin`;
const eventsOf = (session: ReadyRecord) => `/v1/sessions/${session.session_id}/steps/s1/events`;
const openAs = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
  open(plane.port, { path, method, headers: { authorization: plane.authorization, ...headers } });

const writeMegabytes = async (
  to: NodeJS.WritableStream,
  count: number,
  onWritten: (written: number) => void = () => {},
) => {
  for (let i = 0; i < count; i++) {
    onWritten(i);
    if (!to.write(megabyte)) await once(to, 'drain');
  }
};

const hashOf = async (from: AsyncIterable<Buffer>) => {
  const hash = createHash('sha256');
  for await (const chunk of from) hash.update(chunk);
  return hash.digest('hex');
};
const expectedHash = (count: number) => {
  const hash = createHash('sha256');
  for (let i = 0; i < count; i++) hash.update(megabyte);
  return hash.digest('hex');
};

it('streams 50 MB to a client, no faster than it reads', async () => {
  let written = 0;
  const agent = await plane.startAgent((_, res) => {
    res.writeHead(200);
    void writeMegabytes(res, 50, (n) => {
      written = n;
    }).then(() => res.end());
  });
  const client = openAs(fileOf(plane.addSession(agent.url)));
  client.end();
  const received = await responseOf(client);
  let before = -1;
  await expect
    .poll(
      () => {
        const isStill = written === before;
        before = written;
        return isStill && written > 0;
      },
      { interval: 100 },
    )
    .toBe(true);
  expect(written).toBeLessThan(30);
  expect(await hashOf(received)).toBe(expectedHash(50));
});

it('streams 50 MB from a client, no faster than the agent reads', async () => {
  let go = () => {};
  const agent = await plane.startAgent((req, res) => {
    go = () => void hashOf(req).then((digest) => res.writeHead(201).end(digest));
  });
  const client = openAs(fileOf(plane.addSession(agent.url)), 'PUT', {
    'content-length': String(50 * megabyte.length),
  });
  let written = 0;
  const sent = writeMegabytes(client, 50, (n) => {
    written = n;
  }).then(() => client.end());
  let before = -1;
  await expect
    .poll(
      () => {
        const isStill = written === before;
        before = written;
        return isStill && written > 0;
      },
      { interval: 100 },
    )
    .toBe(true);
  expect(written).toBeLessThan(40);
  go();
  const received = await readAll(await responseOf(client));
  await sent;
  expect(received).toMatchObject({ status: 201, text: expectedHash(50) });
  expect(agent.requests[0]?.headers['content-length']).toBe(String(50 * megabyte.length));
});

it('forwards a chunked upload as chunked', async () => {
  const agent = await plane.startAgent(echo);
  const client = openAs(fileOf(plane.addSession(agent.url)), 'PUT');
  client.write('one ');
  client.end('two');
  const got = JSON.parse((await readAll(await responseOf(client))).text);
  expect(got).toMatchObject({ body: 'one two', headers: { 'transfer-encoding': 'chunked' } });
});

it('uploads an empty file', async () => {
  const agent = await plane.startAgent(echo);
  const client = openAs(fileOf(plane.addSession(agent.url)), 'PUT', { 'content-length': '0' });
  client.end();
  expect(JSON.parse((await readAll(await responseOf(client))).text)).toMatchObject({ body: '' });
});

it('responds to a client that waits for 100 Continue', async () => {
  const agent = await plane.startAgent(echo);
  const client = openAs(fileOf(plane.addSession(agent.url)), 'PUT', {
    expect: '100-continue',
    'content-length': '4',
  });
  client.flushHeaders();
  await once(client, 'continue');
  client.end('body');
  const got = JSON.parse((await readAll(await responseOf(client))).text);
  expect(got.body).toBe('body');
  expect(got.headers).not.toHaveProperty('expect');
});

it('keeps the response of an agent that responds before the upload has ended', async () => {
  const agent = await plane.startAgent((_, res) =>
    res.writeHead(413, { 'content-type': 'text/plain' }).end('too large'),
  );
  const client = openAs(fileOf(plane.addSession(agent.url)), 'PUT', {
    'content-length': String(50 * megabyte.length),
  });
  // The connection is closed while the client still sends its upload.
  client.on('error', () => {});
  client.write(megabyte);
  expect(await readAll(await responseOf(client))).toMatchObject({ status: 413, text: 'too large' });
  client.destroy();
});

it('forwards each piece when it arrives', async () => {
  let response: ServerResponse | undefined;
  const agent = await plane.startAgent((_, res) => {
    response = res;
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  });
  const client = openAs(eventsOf(plane.addSession(agent.url)));
  client.end();
  const received = await responseOf(client);
  expect(received.headers['content-type']).toBe('text/event-stream');
  const pieces: string[] = [];
  received.on('data', (chunk: Buffer) => pieces.push(chunk.toString()));
  for (const piece of [': one\n\n', ': two\n\n', ': three\n\n']) {
    response?.write(piece);
    await expect.poll(() => pieces.at(-1)).toBe(piece);
  }
  response?.end();
  await once(received, 'end');
});

it('closes its side to the agent when the client leaves in the middle', async () => {
  let closed: Promise<unknown> | undefined;
  const agent = await plane.startAgent((_, res) => {
    closed = once(res, 'close');
    res.writeHead(200).write('first');
  });
  const client = openAs(eventsOf(plane.addSession(agent.url)));
  client.end();
  const received = await responseOf(client);
  received.on('error', () => {});
  await once(received, 'data');
  client.destroy();
  await closed;
  await expect.poll(() => plane.requests()).toMatchObject([{ status: 200, outcome: 'aborted' }]);
});

it('closes its side to the agent when the client leaves in the middle of an upload', async () => {
  const errors: unknown[] = [];
  const agent = await plane.startAgent(
    (req) => void req.resume().on('error', (error) => errors.push(error)),
  );
  const client = openAs(fileOf(plane.addSession(agent.url)), 'PUT').on('error', () => {});
  client.write('a part');
  await expect.poll(() => agent.seen.length).toBe(1);
  client.destroy();
  await expect.poll(() => errors).toMatchObject([{ code: 'ECONNRESET' }]);
  await expect.poll(() => plane.requests()).toMatchObject([{ status: 499, outcome: 'aborted' }]);
});

it('sends no request to an agent if the client leaves before there is a connection', async () => {
  await plane.closeAll();
  plane = await startTestDataPlane({ connectRetryDelaysMs: [60_000] });
  const url = await unusedUrl();
  const client = openAs(eventsOf(plane.addSession(url))).on('error', () => {});
  client.end();
  await expect.poll(() => plane.routes.reads.length).toBe(2);
  const agent = await plane.startAgent(echo, Number(new URL(url).port));
  client.destroy();
  await expect.poll(() => plane.requests()).toMatchObject([{ status: 499, outcome: 'aborted' }]);
  expect(agent.seen).toEqual([]);
});

it('survives a client that leaves before it gets a refusal', async () => {
  let release = () => {};
  plane.routes.gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const client = openAs(`/v1/sessions/${newSessionId()}/steps`).on('error', () => {});
  client.end();
  await expect.poll(() => plane.routes.reads.length).toBe(1);
  client.destroy();
  await expect.poll(() => plane.requests()).toMatchObject([{ status: 499, outcome: 'aborted' }]);
  release();
  const agent = await plane.startAgent(echo);
  expect((await plane.call({ path: fileOf(plane.addSession(agent.url)) })).status).toBe(200);
});

it('cuts off a response that the agent cut off, so that the client notices', async () => {
  const agent = await plane.startAgent((_, res) => {
    res.writeHead(200).write('first');
    setImmediate(() => res.destroy());
  });
  const client = openAs(eventsOf(plane.addSession(agent.url)));
  client.end();
  const received = await responseOf(client);
  await expect(readAll(received)).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect.poll(() => plane.requests()).toMatchObject([{ outcome: 'runtime_unreachable' }]);
});

it('survives an agent that does not speak HTTP', async () => {
  const server = createServer((socket) => void socket.end('garbage\r\n\r\n')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = openAs(eventsOf(plane.addSession(`http://127.0.0.1:${port}`)));
  client.end();
  expect((await responseOf(client)).statusCode).toBe(503);
  server.close();
});

it('frees the agent when a client reads nothing of its response and leaves', async () => {
  let closed: Promise<unknown> | undefined;
  const agent = await plane.startAgent((_: IncomingMessage, res) => {
    closed = once(res, 'close');
    void pipeline(async function* () {
      for (let i = 0; i < 200; i++) yield megabyte;
    }, res).catch(() => {});
  });
  const client = openAs(fileOf(plane.addSession(agent.url)));
  client.end();
  const received = await responseOf(client);
  received.on('error', () => {});
  const socket: Socket = received.socket;
  socket.pause();
  client.destroy();
  await closed;
});
