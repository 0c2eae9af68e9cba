import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createIds } from '@steppe/contracts/ids';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { tcpServers } from '@steppe/service-kit/http/server-network';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { afterEach, expect, test } from 'vitest';
import {
  doneOf,
  exitOf,
  listenForPeers,
  type Peers,
  spawnOf,
} from './interpreter/testing/fake-peers.ts';
import { endMarker, startMarker } from './protocol/wire-format.ts';
import { contractLimits } from './steps/step-limits.ts';
import { newSpool } from './testing/new-spool.ts';
import { type WarmUpParts, warmUp } from './warm-up.ts';
import { DirectoryWorkspace } from './workspace/file-system/directory-workspace.ts';

interface Run {
  type: string;
  step_id: string;
  execution_count: number;
  nonce: string;
}

type FakeWorker = ReturnType<Peers['openWorker']>;

let peers: Peers;
afterEach(() => peers.close());

/** @returns the messages of the warnings that were logged. */
async function warmUpWith({ interpreter }: Peers, network = tcpServers): Promise<string[]> {
  const [clock, ids] = [systemClock, createIds(systemClock)];
  const warnings: string[] = [];
  const to = { write: (line: string) => void warnings.push(JSON.parse(line).msg) };
  const logger = createLogger({ service: 'test', level: 'warn', to });
  const verifier: WarmUpParts['verifier'] = {
    verify: async () => {
      throw new Error('it does not verify');
    },
  };
  await warmUp({
    ...{ interpreter, verifier, clock, ids, logger, network, spool: newSpool() },
    instanceId: newInstanceId(),
    workspace: new DirectoryWorkspace({ root: '/nowhere', clock, ids, space: undefined }),
    limits: { ...contractLimits, bodyBytes: 100_000, readerStallMs: 1_000 },
  });
  return warnings;
}

/** Calls `onRun` for each step that the worker gets. */
function onRuns({ socket, received }: FakeWorker, onRun: (run: Run) => void): void {
  let seen = 0;
  const look = () => {
    for (; seen < received.length; seen += 1) {
      const frame = received[seen] as Run;
      if (frame.type === 'run') onRun(frame);
    }
  };
  socket.on('data', look);
  look();
}

/** Runs each step of the worker at once. @returns how the steps are counted. */
function runSteps(worker: FakeWorker, epoch: number): number[] {
  const counts: number[] = [];
  const fds = ['out', 'err'].map((name) =>
    openSync(join(peers.runDirectory, `${epoch}.${name}`), 'w'),
  );
  onRuns(worker, ({ execution_count, step_id, nonce }) => {
    counts.push(execution_count);
    for (const fd of fds) writeSync(fd, Buffer.concat([startMarker(nonce), endMarker(nonce)]));
    worker.say(doneOf(step_id));
  });
  return counts;
}

test('rehearses steps that are not counted', async () => {
  peers = await listenForPeers();
  const { worker } = await peers.start();
  const counts = runSteps(worker, 1);
  expect(await warmUpWith(peers)).toEqual([]);
  expect(counts).toEqual([0, 0, 0]);
  const step = { stepId: 'step', code: '', env: {}, cwd: null };
  const sink = { output: () => {}, display: () => {}, clearOutput: () => {} };
  const started: number[] = [];
  await peers.interpreter.run(step, sink, (count) => started.push(count));
  expect([counts.at(-1), started, peers.interpreter.epoch]).toEqual([1, [1], 1]);
});

test('continues with the next worker if one dies', async () => {
  peers = await listenForPeers();
  const { supervisor, worker } = await peers.start();
  onRuns(worker, () => {
    supervisor.say(exitOf(1));
    worker.socket.destroy();
  });
  const warming = warmUpWith(peers);
  await supervisor.receives(spawnOf(2));
  supervisor.say({ type: 'spawned', epoch: 2, pid: 12 });
  const counts = runSteps(peers.openWorker(2, 12), 2);
  expect(await warming).toEqual([]);
  expect(counts).toEqual([0, 0]);
});

test('logs a failure and returns', async () => {
  peers = await listenForPeers();
  const { worker } = await peers.start();
  const counts = runSteps(worker, 1);
  const network = { ...tcpServers, createServer: () => fail() };
  expect(await warmUpWith(peers, network)).toEqual(['warm-up failed']);
  expect(counts).toEqual([]);
});

const fail = (): never => {
  throw new Error('no port');
};
