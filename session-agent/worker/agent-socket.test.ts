import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred } from '../deferred.ts';
import { listenForRuntime, type WorkerLink } from './agent-socket.ts';
import { encodeFrame } from './frame-codec.ts';

let runDirectory: string;
beforeEach(() => {
  runDirectory = mkdtempSync('/tmp/steppe-socket-');
});
afterEach(() => rmSync(runDirectory, { recursive: true }));

/** A worker's connection, and why the agent closed it, once it has. */
async function openWorker(onFrame: WorkerLink['onFrame']) {
  const closed = deferred<string | undefined>();
  const server = await listenForRuntime({
    runDirectory,
    onSupervisor: () => {},
    onWorker: (link) => Object.assign(link, { onFrame, onClose: closed.resolve }),
  });
  const socket = connect(join(runDirectory, 'agent.sock')).on('error', () => {});
  await once(socket, 'connect');
  socket.write(encodeFrame({ type: 'ready', epoch: 1, pid: 10, interrupt: 'signal' }));
  return { socket, closed: closed.promise, server };
}
const interrupted = encodeFrame({ type: 'interrupted', step_id: 'a' });

test.each([{ type: 'hello' }, { type: 'exit', epoch: 1, code: 0, signal: null, reason: null, detail: '' }, [], 1])(
  'a connection that begins with %j is dropped',
  async (hello) => {
    const server = await listenForRuntime({ runDirectory, onSupervisor: () => {}, onWorker: () => {} });
    const socket = connect(join(runDirectory, 'agent.sock')).on('error', () => {});
    socket.write(encodeFrame(Object(hello)));
    await once(socket, 'close');
    server.close();
  },
);

test('one that says nothing is dropped in time, one that said what it is stays, and all go with the agent', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const onWorker = vi.fn();
  const server = await listenForRuntime({ runDirectory, onSupervisor: () => {}, onWorker });
  const [worker, silent] = [1, 2].map(() => connect(join(runDirectory, 'agent.sock')).on('error', () => {}));
  worker?.write(encodeFrame({ type: 'ready', epoch: 1, pid: 10, interrupt: 'signal' }));
  await Promise.all([expect.poll(() => onWorker.mock.calls).toHaveLength(1), expect.poll(() => vi.getTimerCount()).toBe(1)]);
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  await expect.poll(() => silent?.closed).toBe(true);
  expect(worker?.closed).toBe(false);
  server.close();
  await expect.poll(() => worker?.closed).toBe(true);
});

test('a frame that cannot be handled ends the connection of its worker, and nothing else', async () => {
  const { socket, closed, server } = await openWorker(() => {
    throw new RangeError('Maximum call stack size exceeded');
  });
  socket.write(interrupted);
  expect(await closed).toBe('Maximum call stack size exceeded');
  server.close();
});

test.each([300, 3_000, 100_000])(
  'a bundle of %i levels ends the connection before anything walks down into it',
  async (levels) => {
    const handled: string[] = [];
    const { socket, closed, server } = await openWorker(({ type }) => void handled.push(type));
    const deep = '['.repeat(levels) + ']'.repeat(levels);
    const display = Buffer.from(
      `{"type":"display","step_id":"a","bundle":{"application/json":${deep}},"is_main_result":false,"truncated":false}`,
    );
    const length = Buffer.alloc(4);
    length.writeUInt32BE(display.length);
    socket.write(Buffer.concat([length, display, interrupted]));
    expect(await closed).toMatch(/nested too deeply|call stack/);
    expect(handled).toEqual([]);
    server.close();
  },
);
