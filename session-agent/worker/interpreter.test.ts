import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createLogger } from '@steppe/service-kit/logger';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackgroundOutput } from '../steps/background.ts';
import { encodeFrame, FrameDecoder } from './frame-codec.ts';
import { Interpreter } from './interpreter.ts';

let runDirectory: string;
let interpreter: Interpreter;
let told: string[];
const peers: Socket[] = [];

beforeEach(() => {
  runDirectory = mkdtempSync('/tmp/steppe-interpreter-');
  told = [];
});
afterEach(() => {
  interpreter.close();
  for (const peer of peers.splice(0)) peer.destroy();
  rmSync(runDirectory, { recursive: true });
});

async function listen(absenceLimitMs = 60_000): Promise<void> {
  interpreter = new Interpreter({
    runDirectory,
    memoryBytes: null,
    background: new BackgroundOutput(),
    logger: createLogger({ service: 'test', level: 'silent' }),
    onLoss: () => told.push(`epoch ${interpreter.epoch}`),
    onReady: () => {},
    onDeafSupervisor: () => told.push('deaf'),
    onGaveUp: (detail) => told.push(detail),
    absenceLimitMs,
  });
  await interpreter.listen();
}

/** A peer on the agent's socket that says what a test has it say. */
function open(hello: object) {
  const socket = connect(join(runDirectory, 'agent.sock')).on('error', () => {});
  peers.push(socket);
  const heard: unknown[] = [];
  const decoder = new FrameDecoder();
  socket.on('data', (chunk: Buffer) => heard.push(...decoder.push(chunk)));
  const say = (frame: object) => socket.write(encodeFrame(frame));
  say(hello);
  return { socket, heard, say };
}
const openSupervisor = (pid: number) => open({ type: 'supervisor', language: 'python', version: '3', pid });
const openWorker = (epoch: number, pid: number) => open({ type: 'ready', epoch, pid, interrupt: 'signal' });
const spawnOf = (epoch: number) => expect.objectContaining({ type: 'spawn', epoch });
const exitOf = (epoch: number) => ({ type: 'exit', epoch, code: 1, signal: null, reason: 'spawn_failed', detail: 'no room' });
const within = { timeout: 10_000 };
const sink = { output: () => {}, display: () => {} };

/** A supervisor whose worker of that epoch is ready. */
async function start(epoch = 1, pid = 10) {
  const supervisor = openSupervisor(pid);
  await expect.poll(() => supervisor.heard, within).toContainEqual(spawnOf(epoch));
  supervisor.say({ type: 'spawned', epoch, pid: pid + 1 });
  const worker = openWorker(epoch, pid + 1);
  await interpreter.ready();
  return { supervisor, worker };
}

test('gives up where no supervisor comes', async () => {
  await listen(50);
  await expect.poll(() => told, within).toEqual([expect.stringContaining('did not come back within 50 ms')]);
});

test('gives up after three failed starts in a row, with the last reason, and keeps the epoch until then', async () => {
  await listen();
  const supervisor = openSupervisor(10);
  for (const times of [1, 2, 3]) {
    await expect.poll(() => supervisor.heard.length, within).toBe(times);
    expect(supervisor.heard.at(-1)).toEqual(spawnOf(1));
    supervisor.say(exitOf(1));
  }
  await expect.poll(() => told, within).toEqual(['no room']);
});

test('has a worker started by a supervisor that takes the place of another, and counts the memory of the first as lost', async () => {
  await listen();
  const first = await start();
  // The agent has not heard of the first one's end.
  const second = openSupervisor(20);
  await expect.poll(() => second.heard, within).toContainEqual(spawnOf(2));
  expect(told).toEqual(['epoch 2']);
  await expect.poll(() => first.worker.socket.closed, within).toBe(true);
  expect(interpreter.canRun).toBe(false);
  second.say({ type: 'spawned', epoch: 2, pid: 21 });
  openWorker(2, 21);
  await interpreter.ready();
});

test('turns away a worker of the same epoch that an earlier supervisor had started', async () => {
  await listen();
  const first = openSupervisor(10);
  await expect.poll(() => first.heard, within).toContainEqual(spawnOf(1));
  first.socket.destroy();
  await expect.poll(() => interpreter.state, within).toBe('dead');
  const second = openSupervisor(20);
  await expect.poll(() => second.heard, within).toContainEqual(spawnOf(1));
  const stray = openWorker(1, 11);
  second.say({ type: 'spawned', epoch: 1, pid: 21 });
  await expect.poll(() => stray.socket.closed, within).toBe(true);
  expect(interpreter.state).toBe('starting');
  openWorker(1, 21);
  await interpreter.ready();
});

test('ends a step as done whose worker told its end and died before its output was read', async () => {
  await listen();
  const { supervisor, worker } = await start();
  const running = interpreter.run({ stepId: 'step', code: '', env: {}, cwd: null }, sink, () => {});
  interpreter.interrupt('step');
  await expect.poll(() => worker.heard, within).toContainEqual(expect.objectContaining({ type: 'run', step_id: 'step' }));
  const usage = { duration_ms: 1, cpu_ms: 1, max_rss_bytes: 1 };
  worker.say({ type: 'done', step_id: 'step', status: 'completed', error: null, usage });
  worker.socket.end();
  // The interrupt is never answered.
  supervisor.say({ ...exitOf(1), reason: null });
  expect(await running).toMatchObject({ kind: 'done', status: 'completed', epoch: 1 });
  expect(interpreter.epoch).toBe(2);
});

test('knows of a step that its worker died without a byte of it', async () => {
  await listen();
  const { supervisor } = await start();
  const running = interpreter.run({ stepId: 'step', code: '', env: {}, cwd: null }, sink, () => {});
  peers.at(-1)?.destroy();
  supervisor.say({ ...exitOf(1), reason: null });
  expect(await running).toMatchObject({ kind: 'lost', epoch: 2, mayHaveBegun: false });
});

test('takes figures of use from a clock that ran backwards as zero', async () => {
  await listen();
  const { worker } = await start();
  const running = interpreter.run({ stepId: 'step', code: '', env: {}, cwd: null }, sink, () => {});
  await expect.poll(() => worker.heard, within).toContainEqual(expect.objectContaining({ type: 'run' }));
  const usage = { duration_ms: -5, cpu_ms: -1, max_rss_bytes: 1.4 };
  worker.say({ type: 'done', step_id: 'step', status: 'completed', error: null, usage });
  expect(await running).toMatchObject({ kind: 'done', usage: { duration_ms: 0, cpu_ms: 0, max_rss_bytes: 1 } });
});

test('says in a sentence what was wrong with the frame that a worker is killed for', async () => {
  await listen();
  const { supervisor, worker } = await start();
  const running = interpreter.run({ stepId: 'step', code: '', env: {}, cwd: null }, sink, () => {});
  await expect.poll(() => worker.heard, within).toContainEqual(expect.objectContaining({ type: 'run' }));
  worker.say({ type: 'background', stream: 'stdin', text: '' });
  await expect.poll(() => supervisor.heard, within).toContainEqual({ type: 'kill', epoch: 1 });
  supervisor.say({ ...exitOf(1), reason: null });
  expect(await running).toMatchObject({
    kind: 'lost',
    error: { name: 'ProtocolError', message: expect.stringMatching(/: a frame that is not valid: stream: [^{}\n]+$/) },
  });
});
