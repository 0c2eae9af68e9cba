import type { AgentState } from '@steppe/contracts/internal';
import type { Language } from '@steppe/contracts/session';
import type { StepError } from '@steppe/contracts/step';
import type { Logger } from '@steppe/service-kit/logger';
import { deferred } from '../deferred.ts';
import { listenForRuntime, type SupervisorLink, type WorkerLink } from './agent-socket.ts';
import { connectionClosed, explainLoss } from './explain-loss.ts';
import type { WorkerFrame } from './frames.ts';
import { makeFifos } from './make-fifos.ts';
import { needsRenewal } from './start-variables.ts';
import { type BackgroundSink, type ExitFrame, type StepCode, type StepSink, Worker, type WorkerDone } from './worker.ts';

export type RunEnd = ({ kind: 'done' } & WorkerDone) | { kind: 'lost'; error: StepError };

interface InterpreterOptions {
  runDirectory: string;
  memoryBytes: number | null;
  background: BackgroundSink;
  logger: Logger;
  /** The memory is gone and the epoch has grown; called before `run` of a step that was cut off returns. */
  onLoss: () => void;
  /** Three starts in a row have failed: there will be no interpreter. */
  onGaveUp: (detail: string) => void;
}

const startLimitMs = 10_000;
const drainMs = 2_000;
/** A connection ends a moment before its process, whose exit tells more than a kill would. */
const exitGraceMs = 500;
const startsBeforeGivingUp = 3;

/**
 * The session's interpreter: `starting → idle ⇄ running → interrupting → idle | killing → dead → starting (epoch + 1)`;
 * `closing` is terminal. It keeps one worker alive through the supervisor, and runs one step at a time in it.
 */
export class Interpreter {
  state: AgentState['state'] = 'starting';
  epoch = 1;
  readonly #options: InterpreterOptions;
  #supervisor: SupervisorLink | undefined;
  #language: Language | undefined;
  #worker: Worker | undefined;
  #env: Record<string, string> = {};
  #failedStarts = 0;
  #idle = deferred();
  #spawned = deferred();
  #closeSocket: () => void = () => {};

  constructor(options: InterpreterOptions) {
    this.#options = options;
  }

  /** Listens for the supervisor, whoever starts it. */
  async listen(): Promise<void> {
    const { close } = await listenForRuntime({
      runDirectory: this.#options.runDirectory,
      onSupervisor: (link, { language, version, pid }) => {
        this.#options.logger.info({ language, version, pid }, 'supervisor connected');
        this.#language = language;
        this.#takeSupervisor(link);
      },
      onWorker: (link, hello) => this.#takeWorker(link, hello),
    });
    this.#closeSocket = close;
  }

  /**
   * Lasting variables of the session, for this worker and all that follow; before any step. Where they hold what an interpreter
   * reads only at its start, another worker takes the place of the present one, in the same epoch: nothing is lost with it.
   */
  configure(env: Record<string, string>): void {
    this.#env = env;
    if (this.#language && needsRenewal(this.#language, env)) this.#renew();
    else this.#worker?.configure(env);
  }

  /** Resolves when a step can run; never, once closing. */
  async ready(): Promise<void> {
    while (this.state !== 'idle') await this.#idle.promise;
  }

  /** Runs one step to its end. The caller sees to it that no other runs, after `ready`. */
  async run(step: StepCode, sink: StepSink, onStarted: (executionCount: number) => void): Promise<RunEnd> {
    const worker = this.#worker;
    if (!worker || this.state !== 'idle') throw new Error(`the interpreter is ${this.state}`);
    this.state = 'running';
    const { executionCount, done } = worker.run(step, sink);
    onStarted(executionCount);
    const end = await Promise.race([done, worker.gone.promise]);
    if ('type' in end) return { kind: 'lost', error: explainLoss(end, worker.breach) };
    this.#becomeIdle();
    return { kind: 'done', ...end };
  }

  /** Interrupts the step if it still runs; memory is kept where the language allows. */
  interrupt(stepId: string): void {
    if (this.state !== 'running') return;
    this.state = 'interrupting';
    if (this.#worker?.interrupt(stepId)) {
      this.#supervisor?.send({ type: 'interrupt', epoch: this.epoch, step_id: stepId });
    }
  }

  /** Ends the worker and with it the memory. Resolves when it and its descendants are dead. */
  async kill(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    if (this.state !== 'closing') this.state = 'killing';
    worker.unwanted = true;
    this.#supervisor?.send({ type: 'kill', epoch: worker.epoch });
    await worker.gone.promise;
  }

  /** The same for the worker that is just being started, where there is none: each restart makes an epoch of its own. */
  async restart(): Promise<void> {
    while (!this.#worker && this.state !== 'closing') await this.#spawned.promise;
    await this.kill();
  }

  #renew(): void {
    const worker = this.#worker;
    // One that is about to be spawned gets the variables with that.
    if (!worker || this.state === 'closing') return;
    this.state = 'killing';
    worker.renewed = true;
    this.#supervisor?.send({ type: 'kill', epoch: worker.epoch });
  }

  close(): void {
    this.state = 'closing';
    this.#spawned.resolve();
    this.#supervisor?.close();
    this.#closeSocket();
  }

  #takeSupervisor(link: SupervisorLink): void {
    const before = this.#supervisor;
    this.#supervisor = link;
    before?.close();
    link.onFrame = (frame) => {
      if (frame.type === 'interrupted') this.#worker?.interrupted(frame.step_id);
      else if (frame.type === 'exit') void this.#workerExited(frame);
    };
    link.onClose = () => {
      if (this.#supervisor !== link) return;
      this.#supervisor = undefined;
      if (this.state !== 'closing') this.#options.logger.warn('supervisor disconnected');
      const epoch = this.#worker?.epoch;
      if (epoch) void this.#workerExited(lostWithSupervisor(epoch));
    };
    if (!this.#worker) void this.#spawn();
  }

  async #spawn(): Promise<void> {
    const { runDirectory, memoryBytes, background, logger } = this.#options;
    const supervisor = this.#supervisor;
    if (!supervisor || this.state === 'closing') return;
    this.state = 'starting';
    const worker = new Worker(this.epoch, await makeFifos(runDirectory, this.epoch), background);
    this.#worker = worker;
    this.#spawned.resolve();
    this.#spawned = deferred();
    supervisor.send({ type: 'spawn', epoch: worker.epoch, env: this.#env, memory_bytes: memoryBytes });
    const late = setTimeout(() => {
      logger.warn({ epoch: worker.epoch }, 'the worker was not ready in time');
      supervisor.send({ type: 'kill', epoch: worker.epoch });
    }, startLimitMs);
    await Promise.race([worker.ready.promise, worker.gone.promise]);
    clearTimeout(late);
  }

  #takeWorker(link: WorkerLink, hello: Extract<WorkerFrame, { type: 'ready' }>): void {
    const worker = this.#worker;
    if (!worker || worker.epoch !== hello.epoch || worker.connected || this.state !== 'starting') {
      link.close();
      return;
    }
    worker.connect(link, hello.interrupt, {
      onBreach: (breach) => this.#broken(worker, breach, 0),
      onClosed: () => this.#broken(worker, connectionClosed, exitGraceMs),
    });
    // The variables may have come between the spawn and now.
    worker.configure(this.#env);
    this.#failedStarts = 0;
    this.#becomeIdle();
  }

  /** The worker broke the protocol or its connection: nothing more runs in it, and it is killed after `graceMs`. */
  #broken(worker: Worker, breach: string, graceMs: number): void {
    if (this.#worker !== worker || worker.breach) return;
    worker.breach = breach;
    if (this.state !== 'closing') this.state = 'killing';
    const kill = setTimeout(() => this.#supervisor?.send({ type: 'kill', epoch: worker.epoch }), graceMs);
    void worker.gone.promise.then(() => clearTimeout(kill));
  }

  async #workerExited(exit: ExitFrame): Promise<void> {
    const worker = this.#worker;
    if (!worker || worker.epoch !== exit.epoch) return;
    this.#worker = undefined;
    // One that was killed while it started has not failed to start.
    const started = worker.unwanted || (!worker.renewed && (worker.connected || worker.breach !== undefined));
    if (this.state !== 'closing') this.state = 'dead';
    if (started) {
      this.epoch += 1;
      this.#options.onLoss();
    } else if (!worker.renewed) {
      this.#failedStarts += 1;
    }
    await worker.exited(exit, drainMs);
    if (this.state === 'closing') return;
    if (!worker.renewed) this.#options.logger.warn({ ...exit, breach: worker.breach, started }, 'worker ended');
    if (this.#failedStarts < startsBeforeGivingUp) return this.#spawn();
    this.state = 'closing';
    this.#options.onGaveUp(exit.detail || `the interpreter did not start (code ${exit.code}, signal ${exit.signal})`);
  }

  #becomeIdle(): void {
    if (this.state === 'closing' || this.state === 'killing' || this.state === 'dead') return;
    this.state = 'idle';
    this.#idle.resolve();
    this.#idle = deferred();
  }
}

const lostWithSupervisor = (epoch: number): ExitFrame => ({
  type: 'exit',
  epoch,
  code: null,
  signal: null,
  reason: null,
  detail: 'the supervisor ended, and the interpreter with it',
});
