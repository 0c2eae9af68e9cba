import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endMarker, startMarker } from '../protocol/wire-format.ts';
import type { StepSink } from './step-interpreter.ts';
import {
  doneOf,
  exitOf,
  killOf,
  listenForPeers,
  type Peers,
  spawnOf,
} from './testing/fake-peers.ts';

let peers: Peers;
beforeEach(async () => {
  peers = await listenForPeers();
});
afterEach(() => {
  vi.useRealTimers();
  peers.close();
});

const silentSink: StepSink = { output: () => {}, display: () => {}, clearOutput: () => {} };
const run = (stepId: string, sink = silentSink) =>
  peers.interpreter.run({ stepId, code: '', env: {}, cwd: null }, sink, () => {});
const runOf = (stepId: string) => expect.objectContaining({ type: 'run', step_id: stepId });
const crashOf = (epoch: number) => ({ ...exitOf(epoch), reason: null });

test('a restart while a worker starts counts as a loss, not as a failed start', async () => {
  const supervisor = peers.openSupervisor(10);
  await supervisor.receives(spawnOf(1));
  const restarting = peers.interpreter.restart();
  await supervisor.receives(killOf(1));
  supervisor.say(crashOf(1));
  await restarting;
  expect([peers.interpreter.epoch, peers.notifications]).toEqual([2, ['epoch 2']]);
  await supervisor.receives(spawnOf(2));
});

test('a restart waits for a worker to connect, and ends with the interpreter', async () => {
  const restarting = peers.interpreter.restart();
  const supervisor = peers.openSupervisor(10);
  await supervisor.receives(killOf(1));
  supervisor.say(crashOf(1));
  await restarting;
  supervisor.socket.destroy();
  await expect.poll(() => peers.interpreter.state).toBe('dead');
  const never = peers.interpreter.restart();
  peers.interpreter.close();
  await never;
});

test('variables that are read only at start replace the worker in the same epoch', async () => {
  const { supervisor } = await peers.start(1, 10, 'node');
  const env = { NODE_OPTIONS: '--no-warnings' };
  const configured = peers.interpreter.configure(env);
  await supervisor.receives(killOf(1));
  supervisor.say(crashOf(1));
  await supervisor.receives(expect.objectContaining({ type: 'spawn', epoch: 1, env }));
  expect([peers.interpreter.epoch, peers.notifications]).toEqual([1, []]);
  supervisor.say({ ...crashOf(1), code: 9, signal: null, detail: 'bad option' });
  await expect(configured).rejects.toMatchObject({ code: 'start_failed', message: /bad option/ });
});

test('variables with which no worker becomes ready are refused after three starts', async () => {
  const { supervisor } = await peers.start(1, 10, 'node');
  const env = { NODE_OPTIONS: '--inspect-brk' };
  const configured = peers.interpreter.configure(env);
  await supervisor.receives(killOf(1));
  supervisor.say(crashOf(1));
  const spawn = expect.objectContaining({ type: 'spawn', epoch: 1, env });
  const spawns = () => supervisor.received.filter((frame) => spawn.asymmetricMatch(frame)).length;
  for (const times of [1, 2, 3]) {
    await expect.poll(spawns).toBe(times);
    supervisor.say({ ...crashOf(1), code: null, signal: 'SIGKILL', detail: 'not ready in time' });
  }
  await expect(configured).rejects.toMatchObject({ code: 'start_failed', message: /in time/ });
  expect(peers.notifications).toEqual([]);
});

test('variables set while the worker starts reach it before it runs anything', async () => {
  const supervisor = peers.openSupervisor(10);
  await supervisor.receives(spawnOf(1));
  await peers.interpreter.configure({ A: '1' });
  supervisor.say({ type: 'spawned', epoch: 1, pid: 11 });
  const worker = peers.openWorker(1, 11);
  await peers.interpreter.ready();
  void run('step');
  await worker.receives(runOf('step'));
  expect(worker.received).toEqual([{ type: 'configure', env: { A: '1' } }, runOf('step')]);
});

test('of two supervisors that connect at once, the later one starts one worker', async () => {
  const before = peers.openSupervisor(10);
  const supervisor = peers.openSupervisor(20);
  await supervisor.receives(spawnOf(1));
  supervisor.say({ type: 'spawned', epoch: 1, pid: 21 });
  peers.openWorker(1, 21);
  await peers.interpreter.ready();
  expect([before.received, supervisor.received]).toEqual([[], [spawnOf(1)]]);
});

test('a successful start resets the count of failed starts', async () => {
  const supervisor = peers.openSupervisor(10);
  for (const times of [1, 2]) {
    await expect.poll(() => supervisor.received.length).toBe(times);
    supervisor.say(exitOf(1));
  }
  await expect.poll(() => supervisor.received.length).toBe(3);
  supervisor.say({ type: 'spawned', epoch: 1, pid: 11 });
  peers.openWorker(1, 11);
  await peers.interpreter.ready();
  supervisor.say(crashOf(1));
  for (const times of [4, 5, 6]) {
    await expect.poll(() => supervisor.received.length).toBe(times);
    supervisor.say(exitOf(2));
  }
  await expect.poll(() => peers.notifications).toEqual(['epoch 2', 'no room']);
  expect(peers.counts.ready).toBe(1);
});

test('a worker that is ready is not subject to the start limit', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { supervisor, worker } = await peers.start();
  vi.advanceTimersByTime(10 * 60_000);
  void run('step');
  await worker.receives(runOf('step'));
  expect(supervisor.received).toEqual([spawnOf(1)]);
});

test('no other connection or exit replaces or ends a worker that is ready', async () => {
  const { supervisor, worker } = await peers.start();
  supervisor.say(crashOf(2));
  const impostor = peers.openWorker(1, 11);
  await expect.poll(() => impostor.socket.closed).toBe(true);
  const running = run('step');
  await worker.receives(runOf('step'));
  worker.say(doneOf('step'));
  expect(await running).toMatchObject({ kind: 'done' });
  expect(peers.notifications).toEqual([]);
});

test('an interrupt has no effect when nothing runs', async () => {
  const { supervisor } = await peers.start();
  peers.interpreter.interrupt('step');
  expect(peers.interpreter.canRun).toBe(true);
  expect(supervisor.received).toEqual([spawnOf(1)]);
});

test.each([
  { type: 'ready', epoch: 1, pid: 11, interrupt: 'signal' },
  doneOf('other'),
  { type: 'interrupted', step_id: 'other' },
])(
  'a worker that sends an unexpected $type frame is killed, whatever it does next',
  async (frame) => {
    const { supervisor, worker } = await peers.start();
    const running = run('step');
    worker.say(frame);
    worker.socket.end();
    await supervisor.receives(killOf(1));
    supervisor.say(crashOf(1));
    expect(await running).toMatchObject({
      kind: 'lost',
      epoch: 2,
      error: { name: 'ProtocolError' },
    });
  },
);

test('a step is lost when its supervisor disconnects, even without an exit frame', async () => {
  const { supervisor, worker } = await peers.start();
  const running = run('step');
  supervisor.socket.destroy();
  expect(await running).toMatchObject({ kind: 'lost', epoch: 2, error: { name: 'WorkerCrashed' } });
  await expect.poll(() => worker.socket.closed).toBe(true);
});

test('a frame that a worker sent before its exit counts, even if it arrives after it', async () => {
  const { supervisor, worker } = await peers.start();
  const running = run('step');
  supervisor.say(crashOf(1));
  await expect.poll(() => peers.interpreter.state).toBe('dead');
  worker.say(doneOf('step'));
  worker.socket.end();
  expect(await running).toMatchObject({ kind: 'done', epoch: 1 });
});

test('a step that is lost after a completed one is reported as lost', async () => {
  const { supervisor, worker } = await peers.start();
  const first = run('first');
  worker.say(doneOf('first'));
  await first;
  const second = run('second');
  await worker.receives(runOf('second'));
  worker.socket.destroy();
  supervisor.say(crashOf(1));
  expect(await second).toMatchObject({ kind: 'lost', error: { name: 'WorkerCrashed' } });
});

test('output that arrives after `done` belongs to the step, up to its end markers', async () => {
  const { worker } = await peers.start();
  const streams = ['1.out', '1.err'].map((name) => openSync(join(peers.runDirectory, name), 'w'));
  let text = '';
  const running = run('step', { ...silentSink, output: (_, bytes) => (text += bytes) });
  await worker.receives(runOf('step'));
  const { nonce } = worker.received.at(-1) as { nonce: string };
  for (const fd of streams) writeSync(fd, startMarker(nonce));
  worker.say(doneOf('step'));
  for (const fd of streams) {
    writeSync(fd, Buffer.concat([Buffer.from('late'), endMarker(nonce)]));
    closeSync(fd);
  }
  await running;
  expect(text).toBe('latelate');
});

const readingOf = (percent: number) => ({
  type: 'memory',
  used_bytes: percent * 1024 ** 2,
  limit_bytes: 100 * 1024 ** 2,
});

test.each([
  [95, 'OutOfMemory'],
  [90, 'OutOfMemory'],
  [89, 'WorkerCrashed'],
])('when all connections break at once after %s %% of memory: %s', async (percent, name) => {
  const { supervisor, worker } = await peers.start();
  const ended = run('step');
  await worker.receives(runOf('step'));
  supervisor.say(readingOf(95));
  supervisor.say(readingOf(percent));
  supervisor.socket.end();
  worker.socket.end();
  expect(await ended).toMatchObject({ kind: 'lost', epoch: 2, error: { name } });
});

test('a supervisor that only disconnects has not run out of memory', async () => {
  const { supervisor, worker } = await peers.start();
  const ended = run('step');
  await worker.receives(runOf('step'));
  supervisor.say(readingOf(95));
  supervisor.socket.end();
  expect(await ended).toMatchObject({ kind: 'lost', error: { name: 'WorkerCrashed' } });
  await expect.poll(() => worker.socket.closed).toBe(true);
});

test('the next supervisor begins without the readings of the one before', async () => {
  const first = await peers.start();
  first.supervisor.say(readingOf(95));
  first.supervisor.socket.end();
  const { supervisor, worker } = await peers.start(2, 20);
  const ended = run('step');
  await worker.receives(runOf('step'));
  supervisor.socket.end();
  worker.socket.end();
  expect(await ended).toMatchObject({ kind: 'lost', error: { name: 'WorkerCrashed' } });
});
