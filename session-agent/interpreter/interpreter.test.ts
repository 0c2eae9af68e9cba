import { afterEach, expect, test } from 'vitest';
import {
  doneOf,
  exitOf,
  killOf,
  listenForPeers,
  type Peers,
  spawnOf,
} from './testing/fake-peers.ts';

let peers: Peers;
afterEach(() => peers.close());
const sink = { output: () => {}, display: () => {}, clearOutput: () => {} };
const run = (stepId = 'step') =>
  peers.interpreter.run({ stepId, code: '', env: {}, cwd: null }, sink, () => {});

test('fails if no supervisor connects', async () => {
  peers = await listenForPeers(50);
  await expect
    .poll(() => peers.notifications)
    .toEqual([expect.stringContaining('did not reconnect within 50 ms')]);
});

test('fails after three failed starts, with the last reason, in the same epoch', async () => {
  peers = await listenForPeers();
  const supervisor = peers.openSupervisor(10);
  for (const times of [1, 2, 3]) {
    await expect.poll(() => supervisor.received.length).toBe(times);
    expect(supervisor.received.at(-1)).toEqual(spawnOf(1));
    supervisor.say(exitOf(1));
  }
  await expect.poll(() => peers.notifications).toEqual(['no room']);
});

test('a supervisor that replaces another starts a worker, with a loss of memory', async () => {
  peers = await listenForPeers();
  const first = await peers.start();
  // The agent has not noticed that the first supervisor exited.
  const second = peers.openSupervisor(20);
  await second.receives(spawnOf(2));
  expect(peers.notifications).toEqual(['epoch 2']);
  await expect.poll(() => first.worker.socket.closed).toBe(true);
  expect(peers.interpreter.canRun).toBe(false);
  second.say({ type: 'spawned', epoch: 2, pid: 21 });
  peers.openWorker(2, 21);
  await peers.interpreter.ready();
});

test('rejects a worker of the same epoch that an earlier supervisor started', async () => {
  peers = await listenForPeers();
  const first = peers.openSupervisor(10);
  await first.receives(spawnOf(1));
  first.socket.destroy();
  await expect.poll(() => peers.interpreter.state).toBe('dead');
  const second = peers.openSupervisor(20);
  await second.receives(spawnOf(1));
  const stray = peers.openWorker(1, 11);
  second.say({ type: 'spawned', epoch: 1, pid: 21 });
  await expect.poll(() => stray.socket.closed).toBe(true);
  expect(peers.interpreter.state).toBe('starting');
  peers.openWorker(1, 21);
  await peers.interpreter.ready();
});

test('a step is done if its worker reports its end and dies with output unread', async () => {
  peers = await listenForPeers();
  const { supervisor, worker } = await peers.start();
  const running = run();
  peers.interpreter.interrupt('step');
  await worker.receives(expect.objectContaining({ type: 'run', step_id: 'step' }));
  worker.say(doneOf('step'));
  worker.socket.end();
  // The interrupt is never acknowledged.
  supervisor.say({ ...exitOf(1), reason: null });
  expect(await running).toMatchObject({ kind: 'done', status: 'completed', epoch: 1 });
  expect([peers.interpreter.epoch, peers.interpreter.canRun]).toEqual([2, false]);
});

test('a step ends when each of its interrupts is acknowledged', async () => {
  peers = await listenForPeers();
  const { supervisor, worker } = await peers.start();
  let hasEnded = false;
  const running = run().then((end) => {
    hasEnded = true;
    return end;
  });
  const interrupt = { type: 'interrupt', epoch: 1, step_id: 'step' };
  peers.interpreter.interrupt('step');
  peers.interpreter.interrupt('step');
  await supervisor.receives(interrupt);
  await supervisor.receives(interrupt);
  worker.say(doneOf('step'));
  supervisor.say({ type: 'interrupted', step_id: 'step' });
  await expect.poll(() => peers.interpreter.state).toBe('interrupting');
  expect(hasEnded).toBe(false);
  supervisor.say({ type: 'interrupted', step_id: 'step' });
  expect(await running).toMatchObject({ kind: 'done', epoch: 1 });
  expect(peers.interpreter.state).toBe('idle');
});

test('reports a crash of a worker that exits before it has read its step', async () => {
  peers = await listenForPeers();
  const { supervisor, worker } = await peers.start();
  const running = run();
  worker.socket.destroy();
  supervisor.say({ ...exitOf(1), reason: null });
  expect(await running).toMatchObject({ kind: 'lost', epoch: 2, error: { name: 'WorkerCrashed' } });
});

test('reads negative usage figures, from a clock that was set back, as zero', async () => {
  peers = await listenForPeers();
  const { worker } = await peers.start();
  const running = run();
  await worker.receives(expect.objectContaining({ type: 'run' }));
  worker.say(doneOf('step', { duration_ms: -5, cpu_ms: -1, max_rss_bytes: 1.4 }));
  expect(await running).toMatchObject({
    kind: 'done',
    usage: { duration_ms: 0, cpu_ms: 0, max_rss_bytes: 1 },
  });
});

test('describes the invalid frame for which a worker is killed in a sentence', async () => {
  peers = await listenForPeers();
  const { supervisor, worker } = await peers.start();
  const running = run();
  await worker.receives(expect.objectContaining({ type: 'run' }));
  worker.say({ type: 'background', stream: 'stdin', text: '' });
  await supervisor.receives(killOf(1));
  supervisor.say({ ...exitOf(1), reason: null });
  expect(await running).toMatchObject({
    kind: 'lost',
    error: {
      name: 'ProtocolError',
      message: expect.stringMatching(/: invalid frame: stream: [^{}\n]+$/),
    },
  });
});

test('a connection that breaks the protocol is a protocol error of the worker', async () => {
  peers = await listenForPeers();
  const { supervisor } = await peers.start();
  const running = run();
  peers.openStranger({ type: 'hello' });
  await supervisor.receives(killOf(1));
  supervisor.say({ ...exitOf(1), reason: null });
  expect(await running).toMatchObject({ kind: 'lost', epoch: 2, error: { name: 'ProtocolError' } });
});

test('a connection that breaks the protocol during a start does not fail the start', async () => {
  peers = await listenForPeers();
  const supervisor = peers.openSupervisor(10);
  await supervisor.receives(spawnOf(1));
  const stranger = peers.openStranger({ type: 'hello' });
  await expect.poll(() => stranger.socket.closed).toBe(true);
  supervisor.say({ type: 'spawned', epoch: 1, pid: 11 });
  peers.openWorker(1, 11);
  await peers.interpreter.ready();
  expect(supervisor.received).toEqual([spawnOf(1)]);
});
