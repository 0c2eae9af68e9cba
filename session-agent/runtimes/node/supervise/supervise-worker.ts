import type { ChildProcess } from 'node:child_process';
import type { SupervisorFrame } from '../../../protocol/frames.ts';
import type { SupervisorConfig } from '../config.ts';
import { createContainerMemory, type MemoryUsage } from './container-memory.ts';
import { killDescendants, type Own } from './descendants.ts';
import { sessionMemoryBytes } from './session-memory.ts';
import { startWorker } from './start-worker.ts';
import { type EndOfWatch, fullAt, watchMemory } from './watch-memory.ts';
import type { SpawnRequest } from './worker-settings.ts';

type Worker = {
  epoch: number;
  process: ChildProcess;
  endOfWatch: EndOfWatch;
  killRequested: boolean;
};

/** Runs one worker at a time. `exit` is sent when it and all its descendants are dead. */
export function createWorkerSupervision(
  config: SupervisorConfig,
  own: Own,
  send: (frame: SupervisorFrame) => void,
): Supervision {
  const memory = createContainerMemory(config.cgroupDir);
  let current: Worker | null = null;

  function spawn(request: SpawnRequest): void {
    const { epoch } = request;
    if (current) {
      failToSpawn(epoch, `the worker of epoch ${current.epoch} still runs`);
      return;
    }
    const endOfWatch = watchMemory({
      memory,
      sessionUsage: () => usageOf(current?.process.pid, request.memoryBytes),
      runDir: config.runDir,
      epoch,
      // The agent outlives a container that the kernel kills whole.
      onReading: ({ usedBytes, limitBytes }) =>
        send({ type: 'memory', used_bytes: usedBytes, limit_bytes: limitBytes }),
      onFull: () => current?.process.kill('SIGKILL'),
    });
    try {
      follow({ epoch, process: startWorker(config, request), endOfWatch, killRequested: false });
    } catch (error) {
      endOfWatch(null, false);
      failToSpawn(epoch, error instanceof Error ? error.message : String(error));
    }
  }

  function follow(worker: Worker): void {
    current = worker;
    const { epoch, process, endOfWatch } = worker;
    process.on('error', (error) => {
      // Without a pid the worker was never started, and no `exit` event follows.
      if (process.pid !== undefined) return;
      current = null;
      endOfWatch(null, false);
      failToSpawn(epoch, error.message);
    });
    process.on('exit', (code, signal) => {
      void killDescendants(own).then((isClean) => {
        const { reason, detail } = endOfWatch(signal, worker.killRequested);
        current = null;
        const whole = isClean ? detail : `${detail} Some processes could not be killed.`;
        send({ type: 'exit', epoch, code, signal, reason, detail: whole });
      });
    });
    if (process.pid !== undefined) send({ type: 'spawned', epoch, pid: process.pid });
  }

  function failToSpawn(epoch: number, detail: string): void {
    send({
      type: 'exit',
      epoch,
      code: null,
      signal: null,
      reason: 'spawn_failed',
      detail: detail.slice(0, 4096),
    });
  }

  function kill(epoch?: number): void {
    if (!current || (epoch !== undefined && current.epoch !== epoch)) return;
    current.killRequested = true;
    current.process.kill('SIGKILL');
  }

  return {
    spawn,
    kill,
    async end() {
      kill();
      await killDescendants(own);
    },
  };
}

function usageOf(pid: number | undefined, limitBytes: number | null): MemoryUsage | null {
  return pid === undefined || limitBytes === null
    ? null
    : { usedBytes: sessionMemoryBytes(pid, limitBytes * fullAt), limitBytes };
}

export type Supervision = {
  spawn(request: SpawnRequest): void;
  /** Kills the worker; if an epoch is given, only the worker of that epoch. Its `exit` follows. */
  kill(epoch?: number): void;
  /** Kills all processes, and resolves when they are dead. */
  end(): Promise<void>;
};
