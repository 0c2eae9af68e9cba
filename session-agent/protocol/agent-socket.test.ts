import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred } from '../deferred.ts';
import { listenForRuntime, type WorkerLink } from './agent-socket.ts';
import { encodeFrame } from './frame-codec.ts';
import { createRuntimeTransport } from './runtime-transport.ts';

let runDirectory: string;
beforeEach(() => {
  runDirectory = mkdtempSync('/tmp/steppe-socket-');
});
afterEach(() => rmSync(runDirectory, { recursive: true }));

async function listen(listeners: Parameters<typeof listenForRuntime>[1]) {
  const transport = createRuntimeTransport(runDirectory);
  await listenForRuntime({ transport, clock: systemClock }, listeners);
  return transport;
}

/** A worker's connection, and the reason when the agent closes it. */
async function openWorker(onFrame: WorkerLink['onFrame']) {
  const closed = deferred<string | undefined>();
  const server = await listen({
    onSupervisor: () => {},
    onUnidentified: () => {},
    onWorker: (link) => Object.assign(link, { onFrame, onClose: closed.resolve }),
  });
  const socket = connect(join(runDirectory, 'agent.sock')).on('error', () => {});
  await once(socket, 'connect');
  socket.write(encodeFrame({ type: 'ready', epoch: 1, pid: 10, interrupt: 'signal' }));
  return { socket, closed: closed.promise, server };
}
const interrupted = encodeFrame({ type: 'interrupted', step_id: 'a' });

test.each([
  { type: 'hello' },
  { type: 'exit', epoch: 1, code: 0, signal: null, reason: null, detail: '' },
  [],
  1,
])('a connection that begins with %j is dropped', async (hello) => {
  const server = await listen({
    onSupervisor: () => {},
    onWorker: () => {},
    onUnidentified: () => {},
  });
  const socket = connect(join(runDirectory, 'agent.sock')).on('error', () => {});
  socket.write(encodeFrame(Object(hello)));
  await once(socket, 'close');
  server.close();
});

test('drops unidentified connections in time, and all others when it closes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const onWorker = vi.fn();
  const server = await listen({
    onSupervisor: () => {},
    onWorker,
    onUnidentified: () => {},
  });
  const [worker, unexplained] = [1, 2].map(() =>
    connect(join(runDirectory, 'agent.sock')).on('error', () => {}),
  );
  worker?.write(encodeFrame({ type: 'ready', epoch: 1, pid: 10, interrupt: 'signal' }));
  await Promise.all([
    expect.poll(() => onWorker.mock.calls).toHaveLength(1),
    expect.poll(() => vi.getTimerCount()).toBe(1),
  ]);
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  await expect.poll(() => unexplained?.closed).toBe(true);
  expect(worker?.closed).toBe(false);
  server.close();
  await expect.poll(() => worker?.closed).toBe(true);
});

test('a frame that cannot be handled closes only the connection of its worker', async () => {
  const { socket, closed, server } = await openWorker(() => {
    throw new RangeError('Maximum call stack size exceeded');
  });
  socket.write(interrupted);
  expect(await closed).toBe('Maximum call stack size exceeded');
  server.close();
});

test.each([300, 3_000, 100_000])(
  'a bundle of %i levels closes the connection before anything traverses it',
  async (levels) => {
    const handled: string[] = [];
    const { socket, closed, server } = await openWorker(({ type }) => void handled.push(type));
    const deep = '['.repeat(levels) + ']'.repeat(levels);
    socket.write(Buffer.concat([displayOf(`{"application/json":${deep}}`), interrupted]));
    expect(await closed).toMatch(/nested too deeply|call stack/);
    expect(handled).toEqual([]);
    server.close();
  },
);

const displayOf = (bundle: string) =>
  encodeFrame({ type: 'display', step_id: 'a', is_main_result: false, truncated: false }, bundle);

test('passes a bundle on as unchanged text', async () => {
  const handled: unknown[] = [];
  const { socket, closed, server } = await openWorker((frame) => void handled.push(frame));
  const bundle = '{"application/json":{"n":[1e309,9223372036854775808],"__proto__":1}}';
  socket.write(displayOf(bundle));
  await expect.poll(() => handled).toMatchObject([{ type: 'display', bundle }]);
  server.close();
  await closed;
});

test.each([
  ['{"type":"step_ended"}', 'not a MIME type'],
  ['{"text/plain":"x",\n\n"a/b":1}', 'not valid at byte'],
  ['{"text/plain":NaN}', 'not valid at byte'],
  ['{"text/plain":"x"', 'ends too early'],
])(
  'a bundle that could be mistaken for an event closes the connection: %s',
  async (bundle, protocolError) => {
    const handled: unknown[] = [];
    const { socket, closed, server } = await openWorker((frame) => void handled.push(frame));
    socket.write(displayOf(bundle));
    expect(await closed).toContain(protocolError);
    expect(handled).toEqual([]);
    server.close();
  },
);

test('reports one error for a traceback, however many of its lines are invalid', async () => {
  const { socket, closed, server } = await openWorker(() => {});
  const traceback = Array.from({ length: 200_000 }, () => 1);
  socket.write(encodeFrame({ type: 'bgerror', name: 'E', message: '', traceback }));
  expect(await closed).toMatch(/^invalid frame: traceback: [^;]+$/);
  server.close();
});

/** The agent's socket, and the protocol errors of unidentified connections. */
async function openStranger() {
  const protocolErrors: string[] = [];
  const server = await listen({
    onSupervisor: () => {},
    onWorker: () => {},
    onUnidentified: (protocolError) => protocolErrors.push(protocolError),
  });
  const open = () => connect(join(runDirectory, 'agent.sock')).on('error', () => {});
  return { protocolErrors, open, close: server.close };
}

const deepHello = Buffer.from(
  `{"type":"display","step_id":"a","bundle":{"application/json":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`,
);
const framed = (body: Buffer, length = body.length) => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(length);
  return Buffer.concat([header, body]);
};

test.each([
  ['nested deep', framed(deepHello), /./],
  ['not valid', encodeFrame({ type: 'hello' }), /first frame of a connection must be/],
  ['invalid JSON', framed(Buffer.from('{')), /JSON/],
  [
    'announced as larger than 64 KiB',
    framed(Buffer.alloc(0), 64 * 1024 + 1),
    /above the limit of 65536/,
  ],
])(
  'a first frame that is %s is a protocol error, and the agent keeps listening',
  async (_what, bytes, protocolError) => {
    const { protocolErrors, open, close } = await openStranger();
    const stranger = open();
    stranger.write(bytes);
    await once(stranger, 'close');
    await expect.poll(() => protocolErrors).toEqual([expect.stringMatching(protocolError)]);
    const next = open();
    await once(next, 'connect');
    close();
  },
);

test('a fifth connection is a protocol error, while four are open', async () => {
  const { protocolErrors, open, close } = await openStranger();
  const connections = [1, 2, 3, 4, 5].map(open);
  await expect.poll(() => protocolErrors).toContain('more than 4 connections are open');
  await expect.poll(() => connections.filter(({ closed }) => closed).length).toBeGreaterThan(0);
  close();
});
