import { mkdir } from 'node:fs/promises';
import type { AgentState } from '@steppe/contracts/internal';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Logger } from '@steppe/service-kit/process/logger';
import { deferred } from '../deferred.ts';
import { listenForRuntime, type WorkerLink } from '../protocol/agent-socket.ts';
import type { SupervisorFrame, WorkerFrame } from '../protocol/frames.ts';
import { makeFifos } from '../protocol/make-fifos.ts';
import { CurrentSupervisor } from './current-supervisor.ts';
import { connectionClosed, describeWorkerExit } from './describe-worker-exit.ts';
import { needsRenewal } from './start-variables.ts';
import type {
  BackgroundSink,
  RunEnd,
  StepCode,
  StepInterpreter,
  StepSink,
} from './step-interpreter.ts';
import { type ExitFrame, Worker } from './worker.ts';

interface InterpreterOptions {
  runDirectory: string;
  /** Where workers begin. */
  workspace: string;
  memoryBytes: number | null;
  background: BackgroundSink;
  logger: Logger;
  /**
   * The memory is gone and the epoch has grown; called before `run` of a step that was cut off
   * returns.
   */
  onMemoryLost: () => void;
  /** A worker is ready to run steps. */
  onReady: () => void;
  /** The supervisor does not respond to commands, and is treated as gone. */
  onDeafSupervisor: () => void;
  /** There will be no interpreter any more. */
  onGaveUp: (detail: string) => void;
  /** How long to wait for a supervisor where there is none. */
  absenceLimitMs?: number;
}

const startLimitMs = 10_000;
const drainMs = 2_000;
/** A connection ends a moment before its process, whose exit tells more than a kill would. */
const exitGraceMs = 500;
const startsBeforeGivingUp = 3;

/**
 * The session's interpreter: `starting → idle ⇄ running → interrupting → idle | killing → dead →
 * starting (epoch + 1)`; `closing` is terminal. It keeps one worker alive through the supervisor,
 * and runs one step at a time in it.
 */
export class Interpreter implements StepInterpreter {
  state: AgentState['state'] = 'starting';
  epoch = 1;
  readonly #options: InterpreterOptions;
  readonly #supervisor: CurrentSupervisor;
  #worker: Worker | undefined;
  /** The next worker is being prepared, or the last one's output is still being read. */
  #betweenWorkers = false;
  #env: Record<string, string> = {};
  #failedStarts = 0;
  #idle = deferred();
  #spawned = deferred();
  #closeSocket: () => void = () => {};

  constructor(options: InterpreterOptions) {
    this.#options = options;
    this.#supervisor = new CurrentSupervisor({
      logger: options.logger,
      absenceLimitMs: options.absenceLimitMs,
      onConnect: () => {
        if (!this.#loseWorker()) runDetached(() => this.#spawn());
      },
      onFrame: (frame) => this.#obey(frame),
      onDisconnect: () => this.#carryOnWithoutSupervisor(),
      onAbsent: (detail) => this.#giveUp(detail),
      onUnresponsive: options.onDeafSupervisor,
    });
  }

  /** Listens for the supervisor, whoever starts it. */
  async listen(): Promise<void> {
    const { close } = await listenForRuntime({
      runDirectory: this.#options.runDirectory,
      onSupervisor: (link, hello) => this.#supervisor.take(link, hello),
      onWorker: (link, hello) => runDetached(() => this.#takeWorker(link, hello)),
      onStranger: (protocolError) => this.#blameWorker(protocolError),
    });
    this.#closeSocket = close;
    this.#supervisor.awaitNext();
  }

  /**
   * Lasting variables of the session, for this worker and all that follow; before any step. Where
   * they hold what an interpreter reads only at its start, another worker takes the place of the
   * present one, in the same epoch: nothing is lost with it.
   */
  configure(env: Record<string, string>): void {
    this.#env = env;
    const { language } = this.#supervisor;
    if (language && needsRenewal(language, env)) this.#renew();
    else this.#worker?.configure(env);
  }

  get canRun(): boolean {
    return this.state === 'idle';
  }

  async ready(): Promise<void> {
    while (!this.canRun) await this.#idle.promise;
  }

  async run(
    step: StepCode,
    sink: StepSink,
    onStarted: (executionCount: number) => void,
  ): Promise<RunEnd> {
    const worker = this.#worker;
    if (!worker || !this.canRun) throw new Error(`the interpreter is ${this.state}`);
    this.state = 'running';
    const { executionCount, done } = worker.run(step, sink);
    onStarted(executionCount);
    const first = await Promise.race([done, worker.gone.promise]);
    // It may have ended the step and died before the agent was through with its output: the step is
    // done all the same.
    const end = 'type' in first && worker.hasDone ? await done : first;
    if ('type' in end) {
      return {
        kind: 'lost',
        error: describeWorkerExit(end, worker.protocolError),
        epoch: this.epoch,
      };
    }
    if (this.#worker === worker && (this.state === 'running' || this.state === 'interrupting'))
      this.#becomeIdle();
    return { kind: 'done', ...end, epoch: worker.epoch };
  }

  interrupt(stepId: string): void {
    if (this.state !== 'running') return;
    this.state = 'interrupting';
    if (this.#worker?.interrupt(stepId)) {
      this.#supervisor.send({ type: 'interrupt', epoch: this.epoch, step_id: stepId });
    }
  }

  async kill(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    if (this.state !== 'closing') this.state = 'killing';
    worker.unwanted = true;
    this.#end(worker);
    await worker.gone.promise;
  }

  async restart(): Promise<void> {
    while (!this.#worker && this.state !== 'closing') await this.#spawned.promise;
    await this.kill();
  }

  #renew(): void {
    const worker = this.#worker;
    // One that is about to be spawned gets the variables with that.
    if (!worker || this.state === 'closing') return;
    this.state = 'killing';
    worker.replaced = true;
    this.#end(worker);
  }

  close(): void {
    this.state = 'closing';
    this.#spawned.resolve();
    this.#supervisor.close();
    this.#closeSocket();
  }

  #obey(frame: SupervisorFrame): void {
    if (frame.type === 'interrupted') this.#worker?.interrupted(frame.step_id);
    else if (frame.type === 'exit') runDetached(() => this.#reap(frame));
    else if (frame.type === 'spawned' && frame.epoch === this.#worker?.epoch)
      this.#worker.pid.resolve(frame.pid);
  }

  /**
   * The worker's supervisor is gone, and ends it with itself.
   * @returns false where there was none.
   */
  #loseWorker(): boolean {
    const worker = this.#worker;
    if (!worker) return false;
    worker.isOrphan = true;
    runDetached(() => this.#reap({ ...lostWithSupervisor, epoch: worker.epoch }));
    return true;
  }

  #carryOnWithoutSupervisor(): void {
    this.#loseWorker();
    if (this.isClosing) return;
    this.#options.logger.warn('supervisor disconnected');
    this.#supervisor.awaitNext();
  }

  async #spawn(): Promise<void> {
    if (this.#worker || this.#betweenWorkers || this.state === 'closing') return;
    this.#betweenWorkers = true;
    const worker = await this.#prepareWorker();
    this.#betweenWorkers = false;
    if (!worker) return this.#failStart('the worker’s FIFOs cannot be made');
    // The next supervisor spawns anew.
    if (!this.#supervisor.isThere || this.isClosing) return worker.discard();
    this.state = 'starting';
    this.#worker = worker;
    this.#spawned.resolve();
    this.#spawned = deferred();
    const { memoryBytes } = this.#options;
    this.#supervisor.send({
      type: 'spawn',
      epoch: worker.epoch,
      env: this.#env,
      memory_bytes: memoryBytes,
    });
    const late = setTimeout(() => {
      this.#options.logger.warn({ epoch: worker.epoch }, 'the worker was not ready in time');
      this.#end(worker);
    }, startLimitMs);
    await Promise.race([worker.ready.promise, worker.gone.promise]);
    clearTimeout(late);
  }

  async #prepareWorker(): Promise<Worker | undefined> {
    try {
      const { runDirectory, workspace, background } = this.#options;
      // Code can remove it where it is not a mount, and no worker starts without it.
      await mkdir(workspace, { recursive: true });
      return new Worker(this.epoch, await makeFifos(runDirectory, this.epoch), background);
    } catch (err) {
      this.#options.logger.error({ err }, 'no worker can be prepared');
      return undefined;
    }
  }

  async #takeWorker(
    link: WorkerLink,
    hello: Extract<WorkerFrame, { type: 'ready' }>,
  ): Promise<void> {
    const worker = this.#worker;
    // One that an earlier supervisor has started for the same epoch is not it.
    const pid = worker?.epoch === hello.epoch ? await worker.pid.promise : undefined;
    if (
      !worker ||
      pid !== hello.pid ||
      worker !== this.#worker ||
      worker.connected ||
      this.state !== 'starting'
    ) {
      return link.close();
    }
    worker.connect(link, hello.interrupt, {
      onProtocolError: (protocolError) => this.#broken(worker, protocolError, 0),
      onClosed: () => this.#broken(worker, connectionClosed, exitGraceMs),
    });
    // The variables may have come between the spawn and now.
    worker.configure(this.#env);
    this.#failedStarts = 0;
    this.#options.onReady();
    this.#becomeIdle();
  }

  /**
   * The worker broke the protocol or its connection: nothing more runs in it, and it is killed
   * after `graceMs`.
   */
  #broken(worker: Worker, protocolError: string, graceMs: number): void {
    if (this.#worker !== worker || worker.protocolError) return;
    worker.protocolError = protocolError;
    if (this.state !== 'closing') this.state = 'killing';
    const kill = setTimeout(() => this.#end(worker), graceMs);
    runDetached(() => worker.gone.promise.then(() => clearTimeout(kill)));
  }

  /**
   * Only user code opens connections of its own. Before the worker is connected none of it has run:
   * the start limit holds then.
   */
  #blameWorker(protocolError: string): void {
    this.#options.logger.warn({ protocolError }, 'connection to the agent socket refused');
    if (this.#worker?.connected) this.#broken(this.#worker, protocolError, 0);
  }

  /** Has the worker killed, unless it is dead by now. */
  #end(worker: Worker): void {
    if (this.#worker === worker) this.#supervisor.kill(worker.epoch);
  }

  async #reap(exit: ExitFrame): Promise<void> {
    const worker = this.#worker;
    if (!worker || worker.epoch !== exit.epoch) return;
    this.#worker = undefined;
    this.#betweenWorkers = true;
    // One that was killed while it started has not failed to start.
    const started =
      worker.unwanted ||
      (!worker.replaced && (worker.connected || worker.protocolError !== undefined));
    if (this.state !== 'closing') this.state = 'dead';
    if (started) {
      this.epoch += 1;
      this.#options.onMemoryLost();
    }
    await worker.exited(exit, drainMs);
    this.#betweenWorkers = false;
    if (this.isClosing) return;
    if (worker.replaced && !started) return this.#spawnIfSupervised();
    this.#options.logger.warn(
      { ...exit, protocolError: worker.protocolError, started },
      'worker ended',
    );
    if (started) return this.#spawnIfSupervised();
    const how =
      exit.detail || `the interpreter did not start (code ${exit.code}, signal ${exit.signal})`;
    this.#failStart(`${how}\n${worker.takeStartOutput()}`.trimEnd());
  }

  #failStart(detail: string): void {
    this.#failedStarts += 1;
    if (this.#failedStarts < startsBeforeGivingUp) this.#spawnIfSupervised();
    else this.#giveUp(detail);
  }

  #spawnIfSupervised(): void {
    if (this.#supervisor.isThere) runDetached(() => this.#spawn());
  }

  #giveUp(detail: string): void {
    if (this.state === 'closing') return;
    this.state = 'closing';
    this.#options.onGaveUp(detail);
  }

  /** Checked after an await, over which the state may have changed. */
  get isClosing(): boolean {
    return this.state === 'closing';
  }

  #becomeIdle(): void {
    this.state = 'idle';
    this.#idle.resolve();
    this.#idle = deferred();
  }
}

const lostWithSupervisor: Omit<ExitFrame, 'epoch'> = {
  type: 'exit',
  code: null,
  signal: null,
  reason: null,
  detail: 'its supervisor was gone',
};
