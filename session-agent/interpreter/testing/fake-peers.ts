import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createIds } from '@steppe/contracts/ids';
import type { Language } from '@steppe/contracts/session';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { expect } from 'vitest';
import { decodeMessage } from '../../protocol/decode-message.ts';
import { encodeFrame, FrameDecoder } from '../../protocol/frame-codec.ts';
import { createRuntimeTransport } from '../../protocol/runtime-transport.ts';
import { BackgroundOutput } from '../../steps/background.ts';
import { newSpool } from '../../testing/new-spool.ts';
import { Interpreter } from '../interpreter.ts';

const within = { timeout: 10_000 };

/** An interpreter whose supervisors and workers send the frames that a test chooses. */
export async function listenForPeers(absenceLimitMs = 60_000) {
  const runDirectory = mkdtempSync('/tmp/steppe-interpreter-');
  const notifications: string[] = [];
  const counts = { ready: 0 };
  const peers: Socket[] = [];
  const interpreter = new Interpreter({
    transport: createRuntimeTransport(runDirectory),
    clock: systemClock,
    ids: createIds(systemClock),
    ensureWorkspace: async () => {},
    memoryBytes: null,
    background: new BackgroundOutput(newSpool(), systemClock),
    logger: createLogger({ service: 'test', level: 'silent' }),
    onMemoryLost: () => notifications.push(`epoch ${interpreter.epoch}`),
    onReady: () => {
      counts.ready += 1;
    },
    onUnresponsiveSupervisor: () => notifications.push('unresponsive'),
    onGaveUp: (detail) => notifications.push(detail),
    absenceLimitMs,
  });
  await interpreter.listen();

  const open = (hello: object) => {
    const socket = connect(join(runDirectory, 'agent.sock')).on('error', () => {});
    peers.push(socket);
    const received: unknown[] = [];
    const decoder = new FrameDecoder(decodeMessage);
    socket.on('data', (chunk: Buffer) => received.push(...decoder.push(chunk)));
    const say = (frame: object) => socket.write(encodeFrame(frame));
    say(hello);
    return {
      socket,
      received,
      say,
      receives: (frame: object) => expect.poll(() => received, within).toContainEqual(frame),
    };
  };
  const openSupervisor = (pid: number, language: Language = 'python') =>
    open({ type: 'supervisor', language, version: '3', pid });
  const openWorker = (epoch: number, pid: number) =>
    open({ type: 'ready', epoch, pid, interrupt: 'signal' });

  return {
    interpreter,
    runDirectory,
    notifications,
    counts,
    openSupervisor,
    openWorker,
    /** A connection whose first frame neither a supervisor nor a worker sends. */
    openStranger: open,
    /** A supervisor whose worker of that epoch is ready. */
    async start(epoch = 1, pid = 10, language: Language = 'python') {
      const supervisor = openSupervisor(pid, language);
      await supervisor.receives(spawnOf(epoch));
      supervisor.say({ type: 'spawned', epoch, pid: pid + 1 });
      const worker = openWorker(epoch, pid + 1);
      await interpreter.ready();
      return { supervisor, worker };
    },
    close() {
      interpreter.close();
      for (const peer of peers) peer.destroy();
      rmSync(runDirectory, { recursive: true });
    },
  };
}
export type Peers = Awaited<ReturnType<typeof listenForPeers>>;

export const spawnOf = (epoch: number) => expect.objectContaining({ type: 'spawn', epoch });
export const killOf = (epoch: number) => ({ type: 'kill', epoch });
/** The exit of a worker that did not start. */
export const exitOf = (epoch: number) => ({
  type: 'exit',
  epoch,
  code: 1,
  signal: null,
  reason: 'spawn_failed',
  detail: 'no room',
});
export const doneOf = (
  stepId: string,
  usage = { duration_ms: 1, cpu_ms: 1, max_rss_bytes: 1 },
) => ({
  type: 'done',
  step_id: stepId,
  status: 'completed',
  error: null,
  usage,
});
