import { AppError } from '@steppe/service-kit/http/app-error';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { WorkerLink } from '../protocol/agent-socket.ts';
import type { WorkerFrame } from '../protocol/frames.ts';
import type { CurrentSupervisor } from './current-supervisor.ts';
import type { InterpreterOptions } from './interpreter.ts';
import type { InterpreterState } from './interpreter-state.ts';
import { Worker } from './worker.ts';
import {
  connectionClosed,
  describeFailedStart,
  describeMemory,
  type ExitFrame,
  exitWithSupervisor,
  isNearlyFull,
} from './worker-exit.ts';

/** A spawned worker that has not connected after this time is killed. */
export const startLimitMs = 10_000;
/** What a dead worker wrote is read for at most this time. */
export const drainLimitMs = 2_000;
/** A worker's connection closes just before it exits; its own exit explains more than a kill. */
export const exitGraceMs = 500;
/** Gives up after this many failed starts in a row. */
const maxFailedStarts = 3;

/**
 * Manages each worker from its spawn to its exit, and then the next one. The epoch grows whenever a
 * worker with memory is lost.
 */
export class WorkerLifecycle {
  epoch = 1;
  readonly #state: InterpreterState;
  readonly #supervisor: CurrentSupervisor;
  readonly #options: InterpreterOptions;
  #env: Record<string, string> = {};
  #failedStarts = 0;
  /** The next worker is the first with the session's variables. */
  #isConfiguring = false;
  #startFailure: string | undefined;

  constructor(state: InterpreterState, supervisor: CurrentSupervisor, options: InterpreterOptions) {
    this.#state = state;
    this.#supervisor = supervisor;
    this.#options = options;
  }

  async configure(env: Record<string, string>): Promise<void> {
    this.#env = env;
    if (!this.#supervisor.needsRestartFor(env)) {
      this.#state.worker?.configure(env);
      return;
    }
    this.#isConfiguring = true;
    this.#replace();
    await this.#state.until(() => this.#state.name === 'idle' || this.#state.isClosing);
    this.#isConfiguring = false;
    if (this.#startFailure) throw new AppError('start_failed', this.#startFailure);
    if (this.#state.isClosing) throw new AppError('session_ended', 'the session has ended');
  }

  /** Spawns a worker, unless there is one or one is being prepared. */
  async spawn(): Promise<void> {
    const { open, isClosing } = this.#state;
    if (open.worker || open.phase !== 'waiting' || isClosing) return;
    this.#state.moveTo({ ...open, phase: 'preparing' });
    const worker = await this.#prepare();
    this.#state.moveTo({ ...open, phase: 'waiting' });
    if (!worker) return this.#failStart('the FIFOs of the worker could not be created');
    // The next supervisor spawns another one.
    if (!this.#supervisor.isConnected || this.#state.isClosing) return worker.discard();
    this.#state.moveTo({ name: 'starting', worker });
    const { epoch } = worker;
    const { memoryBytes, clock, logger } = this.#options;
    this.#supervisor.send({ type: 'spawn', epoch, env: this.#env, memory_bytes: memoryBytes });
    const cancel = clock.after(startLimitMs, () => {
      logger.warn({ epoch }, 'worker not ready in time');
      this.#kill(worker);
    });
    await Promise.race([worker.ready.promise, worker.gone.promise]);
    cancel();
  }

  async #prepare(): Promise<Worker | undefined> {
    try {
      await this.#options.ensureWorkspace();
      const streams = await this.#options.transport.openStreams(this.epoch);
      return new Worker(this.epoch, streams, this.#options);
    } catch (err) {
      this.#options.logger.error({ err }, 'worker preparation failed');
      return undefined;
    }
  }

  /** Connects the worker that was spawned; any other connection is closed. */
  async connect(link: WorkerLink, hello: Extract<WorkerFrame, { type: 'ready' }>): Promise<void> {
    const { worker } = this.#state;
    // An earlier supervisor may have started another process for the same epoch.
    const pid = worker?.epoch === hello.epoch ? await worker.pid.promise : undefined;
    const isStarting = this.#state.name === 'starting' && this.#state.worker === worker;
    if (!worker || pid !== hello.pid || !isStarting) return link.close();
    worker.connect(link, hello.interrupt, {
      onProtocolError: (protocolError) => this.#breakOff(worker, protocolError, 0),
      onClosed: () => this.#breakOff(worker, connectionClosed, exitGraceMs),
    });
    // The variables may have changed since the spawn.
    worker.configure(this.#env);
    this.#failedStarts = 0;
    this.#options.onReady();
    this.#state.moveTo({ name: 'idle', worker });
  }

  /**
   * An unidentified connection broke the protocol. Only user code opens one, and none has run
   * before the worker is connected: until then the start limit is enough.
   */
  blame(protocolError: string): void {
    this.#options.logger.warn({ protocolError }, 'connection to the agent socket refused');
    const { worker } = this.#state;
    if (worker?.isConnected) this.#breakOff(worker, protocolError, 0);
  }

  /** Stops using a worker that broke the protocol, and kills it after `graceMs`. */
  #breakOff(worker: Worker, protocolError: string, graceMs: number): void {
    if (this.#state.worker !== worker || worker.protocolError) return;
    worker.protocolError = protocolError;
    if (this.#state.open.name !== 'killing')
      this.#state.moveTo({ name: 'killing', worker, purpose: 'protocol_error' });
    const cancel = this.#options.clock.after(graceMs, () => this.#kill(worker));
    runDetached(() => worker.gone.promise.then(cancel));
  }

  /** Kills the worker on request. Resolves when it and its descendants are dead. */
  async terminate(): Promise<void> {
    const { worker } = this.#state;
    if (!worker) return;
    this.#state.moveTo({ name: 'killing', worker, purpose: 'terminate' });
    this.#kill(worker);
    await worker.gone.promise;
  }

  #replace(): void {
    const { open, isClosing } = this.#state;
    // Without a worker, the next spawn includes the variables.
    if (!open.worker || isClosing) return;
    if (open.name !== 'killing' || open.purpose !== 'terminate')
      this.#state.moveTo({ name: 'killing', worker: open.worker, purpose: 'replace' });
    this.#kill(open.worker);
  }

  #kill(worker: Worker): void {
    if (this.#state.worker === worker) this.#supervisor.kill(worker.epoch);
  }

  /** The supervisor disconnected. Its worker dies with it, and is treated as dead immediately. */
  loseWithSupervisor(): void {
    const { worker } = this.#state;
    if (!worker) return;
    const exit = exitWithSupervisor(worker.epoch);
    const { memory } = this.#supervisor;
    runDetached(() =>
      this.reap(exit, async () => {
        // The kernel kills a container that is out of memory whole: all connections break at once.
        const isWhole = isNearlyFull(memory) && (await worker.isLeftWithin(exitGraceMs));
        // It may still be alive; it exits when its connection is closed.
        worker.disconnect();
        return isWhole ? { ...exit, reason: 'memory', detail: describeMemory(memory) } : exit;
      }),
    );
  }

  /**
   * The worker is dead: counts the loss, reads its last output, and spawns the next one. `explain`
   * may find out more about the exit, after the loss is counted.
   */
  async reap(known: ExitFrame, explain = async () => known): Promise<void> {
    const { open, worker } = this.#state;
    if (!worker || worker.epoch !== known.epoch) return;
    const isReplaced = open.name === 'killing' && open.purpose === 'replace';
    const isLoss = open.name === 'killing' ? !isReplaced : worker.isConnected;
    this.#state.moveTo({ name: 'dead', phase: 'draining' });
    if (isLoss) {
      this.epoch += 1;
      this.#options.onMemoryLost();
    }
    const exit = await explain();
    await worker.exited(exit, drainLimitMs);
    this.#state.moveTo({ name: 'dead', phase: 'waiting' });
    if (this.#state.isClosing) return;
    if (isReplaced) return this.#spawnIfSupervised();
    const { protocolError } = worker;
    this.#options.logger.warn({ ...exit, protocolError, started: isLoss }, 'worker exited');
    if (isLoss) return this.#spawnIfSupervised();
    const detail = describeFailedStart(exit, worker.takeStartOutput());
    // It exits by itself in the same way each time. The control-plane ends the instance.
    if (this.#isConfiguring && exit.code !== null) this.#refuseVariables(detail);
    else this.#failStart(detail);
  }

  #refuseVariables(detail: string): void {
    this.#startFailure = `the interpreter does not start with the variables of \`env\`: ${detail}`;
    this.#state.close();
  }

  #failStart(detail: string): void {
    this.#failedStarts += 1;
    if (this.#failedStarts < maxFailedStarts) this.#spawnIfSupervised();
    else if (this.#isConfiguring) this.#refuseVariables(detail);
    else this.giveUp(detail);
  }

  #spawnIfSupervised(): void {
    if (this.#supervisor.isConnected) runDetached(() => this.spawn());
  }

  giveUp(detail: string): void {
    if (this.#state.isClosing) return;
    this.#state.close();
    this.#options.onGaveUp(detail);
  }
}
